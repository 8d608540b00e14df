using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Engine;

/// <summary>Keys and values of all slots in device memory, two buffers a layer, and one slot's length more to prefill in where views need handles.</summary>
/// <remarks>
/// With addresses a slot is a view at an offset, as in host memory. With handles a view begins at the first slot: a prompt for another
/// slot is prefilled in the staging slot and moved on the device. All buffers are taken when the model is loaded.
/// </remarks>
internal sealed unsafe class DevicePool : ICacheViews, IDisposable
{
    /// <summary>Stands for the staging slot where a slot's number is asked for.</summary>
    public const int Staging = -1;

    private readonly DecoderGraph _graph;
    private readonly DeviceMemory _memory;
    private readonly int _capacity;
    private readonly IntPtr[] _slots;
    private readonly IntPtr[] _staging;
    private readonly OrtValue[] _flatSlots;
    private readonly OrtValue[] _flatStaging;
    private readonly InferenceSession? _move;
    private readonly bool _moveCopies;
    private readonly NativeBuffer _from;
    private readonly NativeBuffer _to;
    private readonly RunOptions _run = new();

    /// <summary>Takes the memory.</summary>
    /// <param name="graph">The model's graph.</param>
    /// <param name="memory">The device's memory; not owned.</param>
    /// <param name="slots">Slots.</param>
    /// <param name="capacity">Tokens of each.</param>
    /// <param name="open">Opens a small graph on the device; null when it can't.</param>
    public DevicePool(DecoderGraph graph, DeviceMemory memory, int slots, int capacity, Func<byte[], InferenceSession?> open)
    {
        _graph = graph;
        _memory = memory;
        _capacity = capacity;
        int tensors = graph.Layers.Count * 2;
        bool stages = memory.Mode == DeviceMode.Handles && slots > 1;
        _slots = new IntPtr[tensors];
        _staging = new IntPtr[stages ? tensors : 0];
        _flatSlots = new OrtValue[tensors];
        _flatStaging = new OrtValue[_staging.Length];
        long mostRows = (long)graph.Layers.Max(l => l.KvHeads) * capacity;
        _from = new NativeBuffer(8 * mostRows);
        _to = new NativeBuffer(8 * mostRows);
        try
        {
            for (int i = 0; i < tensors; i++)
            {
                LayerCache layer = graph.Layers[i / 2];
                _slots[i] = memory.Allocate(SlotBytes(layer) * slots);
                _flatSlots[i] = Flat(_slots[i], layer, slots);
                if (stages)
                {
                    _staging[i] = memory.Allocate(SlotBytes(layer));
                    _flatStaging[i] = Flat(_staging[i], layer, 1);
                }
            }

            Clear(slots, open);
            _move = open(DeviceGraphs.Move(graph));
            if (_move is not null)
            {
                using IDisposableReadOnlyCollection<OrtMemoryInfo> places = _move.GetMemoryInfosForInputs();
                _moveCopies = DevicePlacement.OnDevice(places[_move.InputNames.ToList().FindIndex(n => n.StartsWith("from.", StringComparison.Ordinal))]);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>True when the device moves rows.</summary>
    public bool CanMove => _move is not null;

    /// <summary>Bytes of row numbers that were copied to the device.</summary>
    public long CopiedBytes { get; private set; }

    /// <inheritdoc/>
    public OrtValue View(int layer, bool value, int firstSlot, int count)
    {
        LayerCache cache = _graph.Layers[layer];
        int index = (layer * 2) + (value ? 1 : 0);
        long[] shape = [count, cache.KvHeads, _capacity, cache.HeadSize];
        return firstSlot == Staging
            ? _memory.View(_staging[index], 0, _graph.CacheType, shape)
            : _memory.View(_slots[index], SlotBytes(cache) * firstSlot, _graph.CacheType, shape);
    }

    /// <summary>Moves tokens of a slot to the same places of another.</summary>
    /// <param name="from">The slot, or <see cref="Staging"/>.</param>
    /// <param name="to">The slot, or <see cref="Staging"/>.</param>
    /// <param name="first">First token.</param>
    /// <param name="count">Tokens.</param>
    public void Move(int from, int to, int first, int count)
    {
        if (count <= 0)
        {
            return;
        }

        InferenceSession move = _move ?? throw new InvalidOperationException("The device does not move rows.");
        using OrtIoBinding binding = move.CreateIoBinding();
        List<OrtValue> indices = [];
        try
        {
            foreach (int heads in _graph.Layers.Select(l => l.KvHeads).Distinct())
            {
                Fill(_from, from, heads, first, count);
                Fill(_to, to, heads, first, count);
                OrtValue source = _from.View(TensorElementType.Int64, [heads * count]);
                OrtValue target = _to.View(TensorElementType.Int64, [heads * count, 1]);
                indices.AddRange([source, target]);
                binding.BindInput($"from.{heads}", source);
                binding.BindInput($"to.{heads}", target);
                CopiedBytes += _moveCopies ? 16L * heads * count : 0;
            }

            for (int i = 0; i < _slots.Length; i++)
            {
                OrtValue target = to == Staging ? _flatStaging[i] : _flatSlots[i];
                binding.BindInput($"source.{i}", from == Staging ? _flatStaging[i] : _flatSlots[i]);
                binding.BindInput($"target.{i}", target);
                binding.BindOutput($"moved.{i}", target);
            }

            move.RunWithBinding(_run, binding);
            binding.SynchronizeBoundOutputs();
        }
        finally
        {
            indices.ForEach(i => i.Dispose());
        }
    }

    public void Dispose()
    {
        foreach (OrtValue? value in _flatSlots.Concat(_flatStaging))
        {
            value?.Dispose();
        }

        _move?.Dispose();
        _run.Dispose();
        _from.Dispose();
        _to.Dispose();
    }

    // A row that is not written yet is multiplied by a probability of 0, which leaves nothing of a number but keeps a NaN.
    private void Clear(int slots, Func<byte[], InferenceSession?> open)
    {
        using InferenceSession? zeros = open(DeviceGraphs.Zeros(_graph.CacheType));
        if (zeros is null)
        {
            return;
        }

        for (int i = 0; i < _slots.Length; i++)
        {
            Clear(zeros, i, _slots[i], slots);
            if (_staging.Length > 0)
            {
                Clear(zeros, i, _staging[i], 1);
            }
        }
    }

    private void Clear(InferenceSession zeros, int index, IntPtr buffer, int slots)
    {
        LayerCache layer = _graph.Layers[index / 2];
        long[] shape = [slots, layer.KvHeads, _capacity, layer.HeadSize];
        using OrtIoBinding binding = zeros.CreateIoBinding();
        using var wanted = OrtValue.CreateTensorValueFromMemory(shape, [4]);
        using OrtValue view = _memory.View(buffer, 0, _graph.CacheType, shape);
        binding.BindInput("shape", wanted);
        binding.BindOutput("zeros", view);
        zeros.RunWithBinding(_run, binding);
        binding.SynchronizeBoundOutputs();
    }

    private void Fill(NativeBuffer rows, int slot, int heads, int first, int count)
    {
        long* at = (long*)rows.Pointer;
        for (int head = 0; head < heads; head++)
        {
            long start = ((((long)Math.Max(slot, 0) * heads) + head) * _capacity) + first;
            for (int i = 0; i < count; i++)
            {
                *at++ = start + i;
            }
        }
    }

    private OrtValue Flat(IntPtr buffer, LayerCache layer, int slots) =>
        _memory.View(buffer, 0, _graph.CacheType, [(long)slots * layer.KvHeads * _capacity, layer.HeadSize]);

    private long SlotBytes(LayerCache layer) => (long)layer.KvHeads * layer.HeadSize * _capacity * NativeBuffer.ElementSize(_graph.CacheType);
}
