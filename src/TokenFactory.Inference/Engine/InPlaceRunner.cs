using System.Numerics;
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
    private const int ShortestMask = 64;
    private const long LargestLogitsBytes = 64L << 20;

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
        long rowBytes = _rowBytes = (long)Graph.VocabularySize * NativeBuffer.ElementSize(Graph.LogitsType);
        LargestChunk = Session.LogitRows == LogitRows.All ? (int)Math.Clamp(LargestLogitsBytes / rowBytes, 2, largestChunk) : largestChunk;
        _apart = Graph.RopeSwitchTokens is null ? null : new byte[slots * rowBytes];
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
        StepBuffers buffers = _prefillBuffers;
        int total = past + tokens.Length;
        int count = tokens.Length;
        for (int i = 0; i < count; i++)
        {
            buffers.SetToken(i, tokens[i], past + i);
        }

        int logitRows = Session.LogitRows == LogitRows.All ? count : score || Session.LogitRows == LogitRows.Last ? 1 : 0;
        _prefillRow = logitRows - 1;
        if (Session.LogitRows == LogitRows.Selected)
        {
            buffers.SetRow(0, count - 1);
        }

        // A rotary embedding that depends on the length must see the whole prompt's from its first chunk.
        int mask = promptTokens > Graph.RopeSwitchTokens ? promptTokens : total;
        buffers.SetLength(0, total, mask);
        buffers.SetMask(0, mask, total);
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
        StepBuffers buffers = _decodeBuffers;
        int longest = 0;
        for (int i = 0; i < rows; i++)
        {
            longest = Math.Max(longest, lengths[i] + 1);
        }

        int total = Math.Min(Capacity, Math.Max(ShortestMask, (int)BitOperations.RoundUpToPowerOf2((uint)longest)));
        if (Graph.RopeSwitchTokens is { } border && longest <= border)
        {
            total = Math.Min(total, border);
        }

        for (int i = 0; i < rows; i++)
        {
            buffers.SetToken(i, ids[i], lengths[i]);
            buffers.SetLength(i, lengths[i] + 1, Graph.RopeSwitchTokens is null ? longest : total);
            buffers.SetRow(i, i);
            buffers.SetMask(i, total, lengths[i] + 1);
        }

        Runs++;
        Rebound |= binding.Shape(1, total, rows);
        binding.Run(runOptions);
    }

    // A rotary embedding that switches at a length switches for all rows of a step.
    private bool OnOneSide(ReadOnlySpan<int> lengths)
    {
        if (Graph.RopeSwitchTokens is { } border)
        {
            bool longer = lengths[0] >= border;
            foreach (int length in lengths)
            {
                if (length >= border != longer)
                {
                    return false;
                }
            }
        }

        return true;
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
