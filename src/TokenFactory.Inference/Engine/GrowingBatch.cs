using Microsoft.ML.OnnxRuntime;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Engine;

/// <summary>Sequences that decode in one run of a growing graph. All rows end at the same token; shorter ones are filled up in front.</summary>
/// <remarks>
/// Two caches take turns: what a step wrote as present is the next step's past, and nothing is copied but by the graph itself. The rows
/// of a batch never change: sequences that join or leave make another batch.
/// </remarks>
internal sealed unsafe class GrowingBatch : IDisposable
{
    /// <summary>Tokens that a cache has room for beyond those that it must hold.</summary>
    public const int Room = 64;

    private readonly DecoderSession _session;
    private readonly DecoderGraph _graph;
    private readonly StepBuffers _buffers;
    private readonly OrtIoBinding _binding;
    private readonly List<OrtValue> _fixed = [];
    private NativeBuffer? _maskMemory;
    private OrtValue? _mask;
    private GrowingCache? _spare;

    /// <summary>Makes a batch.</summary>
    /// <param name="session">The graph.</param>
    /// <param name="slots">The slots of the rows.</param>
    /// <param name="cache">Their keys and values; the batch owns it.</param>
    public GrowingBatch(DecoderSession session, int[] slots, GrowingCache cache)
    {
        _session = session;
        _graph = session.Graph;
        Slots = slots;
        Cache = cache;
        int rows = slots.Length;
        _buffers = new StepBuffers(_graph with { AttentionMask = null }, rows, 1, 1, rows);
        _binding = session.Session.CreateIoBinding();
        try
        {
            GrowingBinding.BindSmall(session, _binding, _buffers, rows, 1, Keep);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The slots of the rows, ascending.</summary>
    public int[] Slots { get; }

    /// <summary>Keys and values of the rows.</summary>
    public GrowingCache Cache { get; private set; }

    /// <summary>Runs one token more for every row.</summary>
    /// <param name="run">Can terminate it; then the batch is as it was.</param>
    /// <param name="set">Gives a row's token, its position, and how many tokens in front of it are filling.</param>
    /// <param name="state">What <paramref name="set"/> looks at.</param>
    /// <returns>True when memory was taken.</returns>
    public bool Step<T>(RunOptions run, Func<T, int, (int Id, int Position, int Filling)> set, T state)
    {
        int past = Cache.Tokens;
        int total = past + 1;
        bool grown = false;
        if (_spare is null || _spare.Capacity < total)
        {
            _spare?.Dispose();
            _spare = null;
            _spare = new GrowingCache(_graph, Slots.Length, total + Room);
            grown = true;
        }

        grown |= ShapeMask(total);
        for (int row = 0; row < Slots.Length; row++)
        {
            (int id, int position, int filling) = set(state, row);
            _buffers.SetToken(row, id, position);
            _buffers.SetRow(row, row);
            _buffers.SetLength(row, total - filling, total);
            if (_maskMemory is not null)
            {
                GrowingBinding.Mask(_maskMemory, _graph.AttentionMaskType, row, total, filling);
            }
        }

        _spare.Shape(total);
        GrowingBinding.BindCache(_graph, _binding, Cache, _spare);
        _session.Session.RunWithBinding(run, _binding);
        (Cache, _spare) = (_spare, Cache);
        return grown;
    }

    /// <summary>Logits of the last step, a row for each sequence.</summary>
    public byte* Logits => _buffers.Logits;

    /// <summary>Gives back the memory that only the next step needs.</summary>
    public void Rest()
    {
        _spare?.Dispose();
        _spare = null;
    }

    public void Dispose()
    {
        _binding.Dispose();
        foreach (OrtValue value in _fixed)
        {
            value.Dispose();
        }

        _mask?.Dispose();
        _maskMemory?.Dispose();
        _buffers.Dispose();
        _spare?.Dispose();
        Cache.Dispose();
    }

    private bool ShapeMask(int total)
    {
        if (_graph.AttentionMask is not { } name)
        {
            return false;
        }

        bool grown = false;
        long bytes = (long)Slots.Length * total * NativeBuffer.ElementSize(_graph.AttentionMaskType);
        if (_maskMemory is null || _maskMemory.Bytes < bytes)
        {
            _maskMemory?.Dispose();
            _maskMemory = new NativeBuffer((long)Slots.Length * (total + Room) * NativeBuffer.ElementSize(_graph.AttentionMaskType));
            grown = true;
        }

        _mask?.Dispose();
        _mask = _maskMemory.View(_graph.AttentionMaskType, [Slots.Length, total]);
        _binding.BindInput(name, _mask);
        return grown;
    }

    private OrtValue Keep(OrtValue value)
    {
        _fixed.Add(value);
        return value;
    }
}
