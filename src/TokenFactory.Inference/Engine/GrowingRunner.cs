using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Engine;

/// <summary>
/// Runs graphs that return past and new tokens as new tensors: one sequence at a time, because sequences of different lengths
/// do not stack. Correct first; the in-place layout is the fast one.
/// </summary>
internal sealed unsafe class GrowingRunner : DecoderRunner
{
    private const long LargestLogitsBytes = 64L << 20;

    private readonly Sequence[] _slots;
    private readonly StepBuffers _buffers;
    private readonly NativeBuffer _empty = new(64);
    private readonly float[][] _decoded;
    private long _prefillRow;

    public GrowingRunner(DecoderSession session, int slots, int capacity, int largestChunk)
        : base(session, slots, capacity)
    {
        long rowBytes = (long)Graph.VocabularySize * NativeBuffer.ElementSize(Graph.LogitsType);
        LargestChunk = Session.LogitRows == LogitRows.All ? (int)Math.Clamp(LargestLogitsBytes / rowBytes, 2, largestChunk) : largestChunk;
        _buffers = new StepBuffers(Graph, 1, LargestChunk, capacity, Session.LogitRows == LogitRows.All ? LargestChunk : 1);
        _slots = new Sequence[slots];
        _decoded = new float[slots][];
        for (int i = 0; i < slots; i++)
        {
            _slots[i] = new Sequence();
            _decoded[i] = [];
        }
    }

    public override int LargestChunk { get; }

    public override bool CanCopy => false;

    public override void Reserve(int slot, int tokens) => Release(slot);

    public override void Release(int slot) => _slots[slot].Dispose();

    public override void Copy(int from, int to, int tokens)
    {
        // The whole sequence moves: its tensors have no room to copy into.
        ArgumentOutOfRangeException.ThrowIfNotEqual(tokens, _slots[from].Tokens);
        _slots[to].Dispose();
        (_slots[from], _slots[to]) = (_slots[to], _slots[from]);
    }

    public override void Prefill(int slot, ReadOnlySpan<int> tokens, int past, int promptTokens, bool score, RunOptions runOptions)
    {
        Sequence sequence = _slots[slot];
        if (past == 0)
        {
            sequence.Dispose();
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(past, sequence.Tokens);
        Step(sequence, tokens, past, runOptions);
        _prefillRow = Session.LogitRows == LogitRows.All ? tokens.Length - 1 : 0;
    }

    public override void Decode(int firstSlot, ReadOnlySpan<int> ids, ReadOnlySpan<int> lengths, ReadOnlySpan<bool> active, RunOptions runOptions)
    {
        for (int i = 0; i < ids.Length; i++)
        {
            if (!active[i])
            {
                continue;
            }

            // A step that was stopped midway is run again; the sequences that had got their token already keep their logits.
            Sequence sequence = _slots[firstSlot + i];
            if (sequence.Tokens == lengths[i])
            {
                Step(sequence, ids.Slice(i, 1), lengths[i], runOptions);
                if (_decoded[i].Length == 0)
                {
                    _decoded[i] = new float[Graph.VocabularySize];
                }

                Row(_buffers.Logits, 0).CopyTo(_decoded[i]);
            }
        }
    }

    public override Span<float> PrefillLogits() => Row(_buffers.Logits, _prefillRow);

    public override Span<float> DecodeLogits(int row) => _decoded[row];

    protected override void Dispose(bool disposing)
    {
        foreach (Sequence slot in _slots)
        {
            slot.Dispose();
        }

        _buffers.Dispose();
        _empty.Dispose();
    }

    private void Step(Sequence sequence, ReadOnlySpan<int> tokens, int past, RunOptions runOptions)
    {
        using OrtIoBinding binding = Session.Session.CreateIoBinding();
        List<OrtValue> temporary = [];
        OrtValue Temporary(OrtValue value)
        {
            temporary.Add(value);
            return value;
        }

        try
        {
            int count = tokens.Length;
            int total = past + count;
            for (int i = 0; i < count; i++)
            {
                _buffers.SetToken(i, tokens[i], past + i);
            }

            _buffers.SetLength(0, total, total);
            _buffers.SetRow(0, count - 1);
            _buffers.SetMask(0, total, total);
            _buffers.Branch.Pointer[0] = (byte)(past > 0 ? 1 : 0);
            BindSmall(binding, count, total, Temporary);
            for (int layer = 0; layer < Graph.Layers.Count; layer++)
            {
                LayerCache names = Graph.Layers[layer];
                long[] none = [1, names.KvHeads, 0, names.HeadSize];
                binding.BindInput(names.PastKey, past > 0 ? sequence.Cache[layer * 2] : Temporary(_empty.View(Graph.CacheType, none)));
                binding.BindInput(names.PastValue, past > 0 ? sequence.Cache[(layer * 2) + 1] : Temporary(_empty.View(Graph.CacheType, none)));
                binding.BindOutputToDevice(names.PresentKey, OrtMemoryInfo.DefaultInstance);
                binding.BindOutputToDevice(names.PresentValue, OrtMemoryInfo.DefaultInstance);
            }

            sequence.Take(Session.Session.RunWithBoundResults(runOptions, binding), binding.GetOutputNames(), Graph, total);
        }
        finally
        {
            foreach (OrtValue value in temporary)
            {
                value.Dispose();
            }
        }
    }

    private void BindSmall(OrtIoBinding binding, int count, int total, Func<OrtValue, OrtValue> temporary)
    {
        binding.BindInput(Graph.InputIds, temporary(_buffers.Ids.View(Graph.InputIdsType, [1, count])));
        if (Graph.AttentionMask is { } mask)
        {
            binding.BindInput(mask, temporary(_buffers.Mask.View(Graph.AttentionMaskType, [1, total])));
        }

        if (Graph.PositionIds is { } positions)
        {
            binding.BindInput(positions, temporary(_buffers.Positions.View(TensorElementType.Int64, [1, count])));
        }

        if (Graph.SequenceLengths is { } lengths)
        {
            binding.BindInput(lengths, temporary(_buffers.Lengths.View(TensorElementType.Int32, [1])));
        }

        if (Graph.TotalSequenceLength is { } totalName)
        {
            binding.BindInput(totalName, temporary(_buffers.Total.View(TensorElementType.Int32, [])));
        }

        if (Graph.SelectedRows is { } rows)
        {
            binding.BindInput(rows, temporary(_buffers.Rows.View(TensorElementType.Int64, [1])));
        }

        if (Graph.LogitsToKeep is { } keep)
        {
            binding.BindInput(keep, temporary(_buffers.Keep.View(TensorElementType.Int64, Session.KeepRank == 0 ? [] : [1])));
        }

        if (Graph.UseCacheBranch is { } branch)
        {
            binding.BindInput(branch, temporary(_buffers.Branch.View(TensorElementType.Bool, [1])));
        }

        long vocabulary = Graph.VocabularySize;
        long[] shape = Session.LogitRows switch
        {
            LogitRows.All => [1, count, vocabulary],
            LogitRows.Selected => [1, vocabulary],
            _ => Session.LogitsRank == 3 ? [1, 1, vocabulary] : [1, vocabulary],
        };
        binding.BindOutput(Graph.Logits, temporary(_buffers.Scores.View(Graph.LogitsType, shape)));
    }

    /// <summary>The cache tensors of one sequence, keys and values of each layer in turn.</summary>
    private sealed class Sequence : IDisposable
    {
        private IDisposableReadOnlyCollection<OrtValue>? _results;
        private OrtValue[] _values = [];

        public OrtValue[] Cache => _values;

        public int Tokens { get; private set; }

        public void Take(IDisposableReadOnlyCollection<OrtValue> results, string[] names, DecoderGraph graph, int tokens)
        {
            Dispose();
            _results = results;
            var byName = new Dictionary<string, OrtValue>(StringComparer.Ordinal);
            for (int i = 0; i < names.Length; i++)
            {
                byName[names[i]] = results[i];
            }

            _values = [.. graph.Layers.SelectMany(layer => new[] { byName[layer.PresentKey], byName[layer.PresentValue] })];
            Tokens = tokens;
        }

        public void Dispose()
        {
            _results?.Dispose();
            _results = null;
            _values = [];
            Tokens = 0;
        }
    }
}
