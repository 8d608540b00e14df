using Microsoft.ML.OnnxRuntime;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Engine;

/// <summary>Runs graphs whose past and present are one buffer: prefill straight into a slot, decode over a run of neighbouring slots.</summary>
/// <remarks>
/// Every binding is made once and kept, so a decode step passes no managed memory. Graphs that take a mask read its length as
/// the total: it is bound in powers of two, so that it changes a few times in a sequence's life and not at each step.
/// </remarks>
internal sealed unsafe class InPlaceRunner : DecoderRunner
{
    private readonly KvPool _pool;
    private readonly KeyTurner? _turner;
    private readonly StepBuffers _decodeBuffers;
    private readonly StepBuffers _prefillBuffers;
    private readonly StepBinding?[] _decode;
    private readonly StepBinding?[] _prefill;
    private readonly byte[]? _apart;
    private readonly long _rowBytes;
    private long _prefillRow;
    private bool _ranApart;

    public InPlaceRunner(DecoderSession session, int slots, int capacity, int largestChunk)
        : base(session, slots, capacity)
    {
        _rowBytes = (long)Graph.VocabularySize * NativeBuffer.ElementSize(Graph.LogitsType);
        LargestChunk = FittingChunk(largestChunk);
        _apart = Graph.RopeSwitchTokens is null ? null : new byte[slots * _rowBytes];
        _pool = new KvPool(Graph, slots, capacity);
        for (int slot = 0; slot < slots; slot++)
        {
            _pool.Commit(slot, 1);
        }

        SlidingTokens = SlideBeyondWindow();
        _turner = SlidingTokens > 0 ? new KeyTurner(Graph, SlidingTokens) : null;
        _decodeBuffers = new StepBuffers(Graph, slots, 1, capacity, slots);
        _prefillBuffers = new StepBuffers(Graph, 1, LargestChunk, capacity, Session.LogitRows == LogitRows.All ? LargestChunk : 1);
        _decode = new StepBinding?[slots * slots];
        _prefill = new StepBinding?[slots];
    }

    public override int LargestChunk { get; }

    public override bool CanCopy => true;

    public override void Reserve(int slot, int tokens) => _pool.Commit(slot, tokens + 1);

    public override void Release(int slot)
    {
        _pool.Discard(slot);
        _pool.Commit(slot, 1);
    }

    public override void Copy(int from, int to, int tokens) => _pool.Copy(from, to, tokens);

    public override void Slide(int slot, int length) => _turner!.Drop(_pool, slot, length);

    public override void Prefill(int slot, ReadOnlySpan<int> tokens, int past, int promptTokens, bool score, RunOptions runOptions)
    {
        StepBinding binding = _prefill[slot] ??= new StepBinding(Session, _prefillBuffers, _pool, slot, 1);
        int count = tokens.Length;
        int logitRows = Session.LogitRows == LogitRows.All ? count : score || Session.LogitRows == LogitRows.Last ? 1 : 0;
        _prefillRow = logitRows - 1;
        int mask = _prefillBuffers.SetChunk(tokens, past, promptTokens);
        _ = binding.Shape(count, mask, logitRows);
        binding.Run(runOptions);
    }

    public override void Decode(int firstSlot, ReadOnlySpan<int> ids, ReadOnlySpan<int> lengths, ReadOnlySpan<bool> active, RunOptions runOptions)
    {
        Rebound = false;
        _ranApart = !OnOneSide(lengths);
        if (!_ranApart)
        {
            Step(firstSlot, ids, lengths, runOptions);
            return;
        }

        for (int i = 0; i < ids.Length; i++)
        {
            if (active[i])
            {
                Step(firstSlot + i, ids.Slice(i, 1), lengths.Slice(i, 1), runOptions);
                new ReadOnlySpan<byte>(_decodeBuffers.Logits, (int)_rowBytes).CopyTo(_apart.AsSpan((int)(i * _rowBytes)));
            }
        }
    }

    private void Step(int firstSlot, ReadOnlySpan<int> ids, ReadOnlySpan<int> lengths, RunOptions runOptions)
    {
        int rows = ids.Length;
        StepBinding binding = _decode[(firstSlot * Slots) + rows - 1] ??= new StepBinding(Session, _decodeBuffers, _pool, firstSlot, rows);
        Runs++;
        Rebound |= binding.Shape(1, _decodeBuffers.SetStep(ids, lengths, Capacity), rows);
        binding.Run(runOptions);
    }

    public override Span<float> PrefillLogits() => Row(_prefillBuffers.Logits, Math.Max(0, _prefillRow));

    public override Span<float> DecodeLogits(int row)
    {
        if (!_ranApart)
        {
            return Row(_decodeBuffers.Logits, row);
        }

        _apart.AsSpan((int)(row * _rowBytes), (int)_rowBytes).CopyTo(new Span<byte>(_decodeBuffers.Logits, (int)_rowBytes));
        return Row(_decodeBuffers.Logits, 0);
    }

    protected override void Dispose(bool disposing)
    {
        foreach (StepBinding? binding in _decode)
        {
            binding?.Dispose();
        }

        foreach (StepBinding? binding in _prefill)
        {
            binding?.Dispose();
        }

        _decodeBuffers.Dispose();
        _prefillBuffers.Dispose();
        _pool.Dispose();
    }
}
