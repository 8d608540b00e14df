using Microsoft.ML.OnnxRuntime;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Engine;

/// <summary>Keys and values of all slots: <c>[slots, kv heads, capacity, head size]</c> for each layer, two tensors a layer.</summary>
/// <remarks>A slot, or a run of slots from the first, is a view at an offset: nothing is copied to prefill or to decode.</remarks>
internal sealed unsafe class KvPool : ICacheViews, IDisposable
{
    private readonly DecoderGraph _graph;
    private readonly SlotMemory[] _memory;
    private readonly int _elementSize;

    public KvPool(DecoderGraph graph, int slots, int capacity)
    {
        _graph = graph;
        Slots = slots;
        Capacity = capacity;
        _elementSize = NativeBuffer.ElementSize(graph.CacheType);
        _memory = new SlotMemory[graph.Layers.Count * 2];
        try
        {
            for (int i = 0; i < _memory.Length; i++)
            {
                _memory[i] = new SlotMemory(SlotBytes(i / 2) * slots);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public int Slots { get; }

    /// <summary>Tokens of a slot.</summary>
    public int Capacity { get; }

    /// <summary>View of <paramref name="count"/> slots of one layer's keys or values.</summary>
    public OrtValue View(int layer, bool value, int firstSlot, int count)
    {
        LayerCache cache = _graph.Layers[layer];
        long bytes = SlotBytes(layer);
        byte* start = _memory[(layer * 2) + (value ? 1 : 0)].Pointer + (bytes * firstSlot);
        return OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, _graph.CacheType, [count, cache.KvHeads, Capacity, cache.HeadSize], (IntPtr)start, bytes * count);
    }

    /// <summary>Makes the first tokens of a slot writable.</summary>
    public void Commit(int slot, int tokens)
    {
        if (OperatingSystem.IsWindows())
        {
            CommitPages(slot, Math.Min(tokens, Capacity));
        }
    }

    /// <summary>Copies the first tokens of a slot to another.</summary>
    public void Copy(int from, int to, int tokens)
    {
        for (int i = 0; i < _memory.Length; i++)
        {
            LayerCache cache = _graph.Layers[i / 2];
            long tokenBytes = (long)cache.HeadSize * _elementSize;
            long bytes = tokenBytes * tokens;
            for (int head = 0; head < cache.KvHeads; head++)
            {
                long at = head * tokenBytes * Capacity;
                byte* source = _memory[i].Pointer + (SlotBytes(i / 2) * from) + at;
                byte* target = _memory[i].Pointer + (SlotBytes(i / 2) * to) + at;
                Buffer.MemoryCopy(source, target, bytes, bytes);
            }
        }
    }

    /// <summary>First byte of a head of a slot: its tokens one after another.</summary>
    public byte* Head(int layer, bool value, int slot, int head) => _memory[(layer * 2) + (value ? 1 : 0)].Pointer
        + (SlotBytes(layer) * slot) + ((long)head * _graph.Layers[layer].HeadSize * _elementSize * Capacity);

    /// <summary>Gives a slot's memory back to the system.</summary>
    public void Discard(int slot) => ForEachHead(slot, (memory, offset, tokenBytes) => memory.Discard(offset, tokenBytes * Capacity));

    public void Dispose()
    {
        foreach (SlotMemory? memory in _memory)
        {
            memory?.Dispose();
        }
    }

    private long SlotBytes(int layer) =>
        (long)_graph.Layers[layer].KvHeads * _graph.Layers[layer].HeadSize * Capacity * _elementSize;

    private void ForEachHead(int slot, SpanAction action)
    {
        for (int i = 0; i < _memory.Length; i++)
        {
            LayerCache cache = _graph.Layers[i / 2];
            long tokenBytes = (long)cache.HeadSize * _elementSize;
            for (int head = 0; head < cache.KvHeads; head++)
            {
                action(_memory[i], (SlotBytes(i / 2) * slot) + (head * tokenBytes * Capacity), tokenBytes);
            }
        }
    }

    // Apart, because a method that captures its parameter allocates on every call, also where it does nothing.
    private void CommitPages(int slot, int tokens) =>
        ForEachHead(slot, (memory, offset, tokenBytes) => memory.Commit(offset, tokenBytes * tokens));

    private delegate void SpanAction(SlotMemory memory, long offset, long tokenBytes);
}
