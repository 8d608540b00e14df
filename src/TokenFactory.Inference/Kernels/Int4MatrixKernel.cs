using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace TokenFactory.Inference.Kernels;

/// <summary>Products of 8-bit activations and 4-bit weights. An element is the same, to the last bit, whatever rows and columns are computed beside it.</summary>
/// <remarks>The loops are optimized when they are first called: the tiers of a busy host take seconds to get there.</remarks>
internal static unsafe class Int4MatrixKernel
{
    // A tile's zero points lie on the stack.
    private const int LargestInner = 1 << 17;

    /// <summary>True where this processor has a kernel.</summary>
    public static bool IsSupported => IsSupportedBy512 || IsSupportedBy256;

    /// <summary>True where the processor has the kernel with 512-bit vectors, which is taken before the other.</summary>
    public static bool IsSupportedBy512 => Avx512BW.IsSupported && Vector512.IsHardwareAccelerated;

    /// <summary>True where the processor has the kernel with 256-bit vectors.</summary>
    public static bool IsSupportedBy256 => Avx2.IsSupported && Fma.IsSupported;

    /// <summary>True where the kernel computes products of this shape.</summary>
    public static bool CanRun(int inner, int outer, int blockSize) =>
        IsSupported && outer > 0 && inner is > 0 and <= LargestInner && blockSize is 32 or 64 or 128 && inner % blockSize == 0;

    /// <summary>Computes y[row · stride + column] for the columns [firstColumn, firstColumn + columns). Several threads may compute different columns or rows.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="rows">The activations.</param>
    /// <param name="firstRow">First row.</param>
    /// <param name="rowCount">Rows.</param>
    /// <param name="firstColumn">First column.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="y">Row 0 of the result.</param>
    /// <param name="stride">Elements from one row of the result to the next.</param>
    /// <param name="bias">[Outer]; null for none.</param>
    public static void Multiply(in Int4Weights weights, QuantizedRows rows, int firstRow, int rowCount, int firstColumn, int columns, float* y, int stride, float* bias)
    {
        if (IsSupportedBy512)
        {
            Avx512Int4.Multiply(weights, rows, firstRow, rowCount, firstColumn, columns, y, stride, bias);
        }
        else
        {
            Avx2Int4.Multiply(weights, rows, firstRow, rowCount, firstColumn, columns, y, stride, bias);
        }
    }
}
