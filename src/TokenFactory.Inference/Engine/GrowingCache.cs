using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Engine;

/// <summary>Keys and values of some rows as a growing graph takes and gives them: <c>[rows, kv heads, tokens, head size]</c>, two tensors a layer.</summary>
/// <remarks>The tensors lie at fixed addresses with room for more tokens; their shape says how many there are.</remarks>
internal sealed unsafe class GrowingCache : IDisposable
{
    private const int Alignment = 64;

    private readonly DecoderGraph _graph;
    private readonly int _elementSize;
    private readonly byte*[] _pointers;
    private readonly OrtValue?[] _views;
    private void* _memory;

    public GrowingCache(DecoderGraph graph, int rows, int capacity)
    {
        _graph = graph;
        Rows = rows;
        Capacity = capacity;
        _elementSize = NativeBuffer.ElementSize(graph.CacheType);
        _pointers = new byte*[graph.Layers.Count * 2];
        _views = new OrtValue?[_pointers.Length];
        long bytes = 0;
        for (int i = 0; i < _pointers.Length; i++)
        {
            bytes += Aligned(TensorBytes(i, capacity));
        }

        try
        {
            _memory = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, Alignment), Alignment);
        }
        catch (OutOfMemoryException e)
        {
            throw new Core.TokenFactoryException("OutOfMemory", Core.FailureKind.ResourceUnavailable,
                "The system has no memory left for keys and values. Ask for fewer sequences at once or shorter ones.", null, e);
        }

        byte* at = (byte*)_memory;
        for (int i = 0; i < _pointers.Length; i++)
        {
            _pointers[i] = at;
            at += Aligned(TensorBytes(i, capacity));
        }
    }

    public int Rows { get; }

    /// <summary>Tokens that a row has room for.</summary>
    public int Capacity { get; }

    /// <summary>Tokens of a row.</summary>
    public int Tokens { get; private set; } = -1;

    /// <summary>Tensor of keys (even) or values (odd) of a layer.</summary>
    public OrtValue this[int tensor] => _views[tensor]!;

    /// <summary>Sets how many tokens the rows have; what the memory holds then has another meaning.</summary>
    public void Shape(int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens, Capacity);
        if (tokens == Tokens)
        {
            return;
        }

        long[] shape = [Rows, 0, tokens, 0];
        for (int i = 0; i < _views.Length; i++)
        {
            shape[1] = _graph.Layers[i / 2].KvHeads;
            shape[3] = _graph.Layers[i / 2].HeadSize;
            _views[i]?.Dispose();
            _views[i] = OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, _graph.CacheType, shape, (IntPtr)_pointers[i], TensorBytes(i, tokens));
        }

        Tokens = tokens;
    }

    /// <summary>Copies tokens of another cache's row.</summary>
    /// <param name="source">The other cache.</param>
    /// <param name="sourceRow">Its row.</param>
    /// <param name="from">The first token of it.</param>
    /// <param name="count">How many.</param>
    /// <param name="row">The row here.</param>
    /// <param name="to">Where they go.</param>
    public void CopyRow(GrowingCache source, int sourceRow, int from, int count, int row, int to)
    {
        for (int i = 0; i < _pointers.Length; i++)
        {
            LayerCache layer = _graph.Layers[i / 2];
            long tokenBytes = (long)layer.HeadSize * _elementSize;
            for (int head = 0; head < layer.KvHeads; head++)
            {
                byte* read = source._pointers[i] + ((((((long)sourceRow * layer.KvHeads) + head) * source.Tokens) + from) * tokenBytes);
                byte* write = _pointers[i] + ((((((long)row * layer.KvHeads) + head) * Tokens) + to) * tokenBytes);
                Buffer.MemoryCopy(read, write, tokenBytes * count, tokenBytes * count);
            }
        }
    }

    /// <summary>Zeroes the first tokens of a row: they are masked, but a masked infinity would still spoil the sum.</summary>
    public void ClearRow(int row, int count)
    {
        for (int i = 0; i < _pointers.Length && count > 0; i++)
        {
            LayerCache layer = _graph.Layers[i / 2];
            long tokenBytes = (long)layer.HeadSize * _elementSize;
            for (int head = 0; head < layer.KvHeads; head++)
            {
                NativeMemory.Clear(_pointers[i] + ((((long)row * layer.KvHeads) + head) * Tokens * tokenBytes), (nuint)(tokenBytes * count));
            }
        }
    }

    public void Dispose()
    {
        foreach (OrtValue? view in _views)
        {
            view?.Dispose();
        }

        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }

    private long TensorBytes(int tensor, int tokens) =>
        (long)Rows * _graph.Layers[tensor / 2].KvHeads * tokens * _graph.Layers[tensor / 2].HeadSize * _elementSize;

    private static long Aligned(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
