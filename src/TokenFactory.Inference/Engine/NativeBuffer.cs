using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace TokenFactory.Inference.Engine;

/// <summary>Native memory that tensors of a step are views of; it lives at one address so that bindings stay valid.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const int Alignment = 64;
    private void* _pointer;

    public NativeBuffer(long bytes)
    {
        Bytes = Math.Max(bytes, Alignment);
        _pointer = NativeMemory.AlignedAlloc((nuint)Bytes, Alignment);
        NativeMemory.Clear(_pointer, (nuint)Bytes);
    }

    public long Bytes { get; }

    public byte* Pointer => (byte*)_pointer;

    /// <summary>A tensor in the buffer.</summary>
    /// <param name="type">Its element type.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="offset">Where it begins, bytes.</param>
    public OrtValue View(TensorElementType type, long[] shape, long offset = 0)
    {
        long bytes = ElementSize(type);
        foreach (long dimension in shape)
        {
            bytes *= dimension;
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + bytes, Bytes);
        return OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, type, shape, (IntPtr)(Pointer + offset), bytes);
    }

    /// <summary>Writes an integer tensor's element, whichever of the two integer types the graph takes.</summary>
    public void Write(TensorElementType type, long index, long value)
    {
        if (type == TensorElementType.Int32)
        {
            ((int*)_pointer)[index] = (int)value;
        }
        else
        {
            ((long*)_pointer)[index] = value;
        }
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_pointer);
        _pointer = null;
    }

    public static int ElementSize(TensorElementType type) => type switch
    {
        TensorElementType.Int64 or TensorElementType.Double => 8,
        TensorElementType.Float or TensorElementType.Int32 => 4,
        TensorElementType.Float16 or TensorElementType.BFloat16 => 2,
        TensorElementType.Int8 or TensorElementType.UInt8 or TensorElementType.Bool => 1,
        _ => throw new Core.TokenFactoryException("ModelNotSupported", Core.FailureKind.NotSupported,
            $"The graph uses tensors of type {type}, which the engine does not feed. Export the model with float, float16 or bfloat16 tensors."),
    };
}
