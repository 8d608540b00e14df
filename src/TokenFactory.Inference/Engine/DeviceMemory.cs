using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TokenFactory.Core;
using TokenFactory.Inference.Providers;

namespace TokenFactory.Inference.Engine;

/// <summary>Buffers in the memory of a session's device, and tensors that are views of them.</summary>
internal sealed class DeviceMemory : IDisposable
{
    private readonly OrtAllocator _allocator;
    private readonly bool _owned;
    private readonly List<OrtMemoryAllocation> _buffers = [];
    private readonly ExecutionProvider _provider;

    public DeviceMemory(DecoderSession session, DevicePlacement placement, bool forced)
    {
        Mode = placement.Mode;
        _provider = session.Provider.Provider;
        if (forced)
        {
            _allocator = OrtAllocator.DefaultInstance;
            return;
        }

        int index = session.Session.InputNames.ToList().IndexOf(placement.CacheInput);
        using IDisposableReadOnlyCollection<OrtMemoryInfo> places = session.Session.GetMemoryInfosForInputs();
        try
        {
            _allocator = new OrtAllocator(session.Session, places[index]);
            _owned = true;
        }
        catch (OnnxRuntimeException e)
        {
            throw DeviceFailure.NotSupported(_provider, session.Graph.ModelPath, $"it lends no memory of its device ({e.Message.ReplaceLineEndings(" ")})", e);
        }
    }

    /// <summary>What views can do.</summary>
    public DeviceMode Mode { get; }

    /// <summary>The memory's name.</summary>
    public string Name => _allocator.Info.Name;

    /// <summary>Bytes of all buffers.</summary>
    public long Bytes { get; private set; }

    /// <summary>Makes a buffer; its content is undefined.</summary>
    public IntPtr Allocate(long bytes)
    {
        if (bytes > uint.MaxValue)
        {
            throw new ProviderException("DeviceOutOfMemory", FailureKind.ResourceUnavailable,
                $"One tensor of keys or values would take {bytes} bytes, and a device's buffer holds less than 4 GiB. Ask for a shorter context or fewer sequences.", _provider);
        }

        try
        {
            OrtMemoryAllocation buffer = _allocator.Allocate((uint)bytes);
            _buffers.Add(buffer);
            Bytes += bytes;
            return buffer.DangerousGetHandle();
        }
        catch (OnnxRuntimeException e)
        {
            throw DeviceFailure.OutOfMemory(_provider, e);
        }
    }

    /// <summary>A tensor in a buffer.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where it begins, bytes; 0 where buffers are handles.</param>
    /// <param name="type">Its element type.</param>
    /// <param name="shape">Its shape.</param>
    public OrtValue View(IntPtr buffer, long offset, TensorElementType type, long[] shape)
    {
        if (Mode == DeviceMode.Handles)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(offset, 0);
        }

        long bytes = NativeBuffer.ElementSize(type);
        foreach (long dimension in shape)
        {
            bytes *= dimension;
        }

        return OrtValue.CreateTensorValueWithData(_allocator.Info, type, shape, buffer + (nint)offset, bytes);
    }

    public void Dispose()
    {
        foreach (OrtMemoryAllocation buffer in _buffers)
        {
            buffer.Dispose();
        }

        _buffers.Clear();
        if (_owned)
        {
            _allocator.Dispose();
        }
    }
}
