using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TokenFactory.Inference.Kernels;

/// <summary>Rows of activations as 8-bit integers with a scale for each block, laid out for <see cref="Int4MatrixKernel"/>.</summary>
/// <remarks>
/// A row is cut into groups of 128, filled up with zeros. A group holds its 64 even elements, then its 64 odd ones, as the low and
/// the high nibbles of 64 bytes of weights need them. Beside it lie 16 scales, one for each 8 elements, so that they meet the lanes of a product, and
/// for each block -8 · scale · sum, which is what a zero point of 8 adds.
/// </remarks>
internal sealed unsafe class QuantizedRows : IDisposable
{
    /// <summary>Elements of a group.</summary>
    public const int Group = 128;

    // Below this a scale's inverse is not finite.
    private const float Smallest = 1e-35f;
    private const float Steps = 127;
    private const int Lanes = 16;

    // The first level's cache has 32 KiB or more; columns of weights pass through it as well.
    private const int CacheBytes = 24 << 10;

    private byte* _memory;
    private nuint _bytes;

    /// <summary>Bytes that are held.</summary>
    public long HeldBytes => (long)_bytes;

    /// <summary>Elements of a row, filled up.</summary>
    public int Padded { get; private set; }

    /// <summary>Groups of a row.</summary>
    public int Groups => Padded / Group;

    /// <summary>Blocks of a row, filled up to 16.</summary>
    public int PaddedBlocks { get; private set; }

    /// <summary>Rows, a multiple of eight, that stay in the first level's cache while columns pass by.</summary>
    public int RowsOfCache => Math.Clamp(CacheBytes / (Padded + (Groups * Lanes * sizeof(float)) + (PaddedBlocks * sizeof(float))) / 8 * 8, 8, 64);

    /// <summary>[rows, Padded].</summary>
    public sbyte* Values { get; private set; }

    /// <summary>[rows, Groups, 16].</summary>
    public float* Scales { get; private set; }

    /// <summary>[rows, PaddedBlocks]: -8 · scale · sum of a block's values.</summary>
    public float* Sums { get; private set; }

    /// <summary>Makes room; what was there is lost.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="inner">Elements of a row.</param>
    /// <param name="blockSize">Elements that share a scale: 32, 64 or 128.</param>
    public void Reserve(int rows, int inner, int blockSize)
    {
        Padded = (inner + Group - 1) / Group * Group;
        PaddedBlocks = ((inner / blockSize) + Lanes - 1) / Lanes * Lanes;
        nuint values = (nuint)rows * (nuint)Padded;
        nuint scales = (nuint)rows * (nuint)(Groups * Lanes * sizeof(float));
        nuint sums = (nuint)rows * (nuint)(PaddedBlocks * sizeof(float));
        nuint bytes = values + scales + sums;
        if (bytes > _bytes)
        {
            Release();
            _memory = (byte*)NativeMemory.AlignedAlloc(bytes, 64);
            _bytes = bytes;
        }

        Values = (sbyte*)_memory;
        Scales = (float*)(_memory + values);
        Sums = (float*)(_memory + values + scales);
    }

    /// <summary>Quantises one row. Different rows may be quantised at once.</summary>
    /// <param name="source">[inner].</param>
    /// <param name="row">Where it goes.</param>
    /// <param name="inner">Elements.</param>
    /// <param name="blockSize">Elements that share a scale.</param>
    /// <remarks>A value that is not finite makes its block's scale not a number, and so every product of the row.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Quantize(float* source, int row, int inner, int blockSize)
    {
        sbyte* values = Values + ((long)row * Padded);
        float* scales = Scales + ((long)row * Groups * Lanes);
        float* sums = Sums + ((long)row * PaddedBlocks);
        int blocks = inner / blockSize;
        for (int block = 0; block < blocks; block++)
        {
            int start = block * blockSize;
            float scale = Scale(source + start, blockSize, out float inverse);
            int sum = 0;
            for (int i = 0; i < blockSize; i += Lanes)
            {
                int at = start + i;
                sum += Store(source + at, inverse, values + (at / Group * Group) + (at % Group / 2));
            }

            new Span<float>(scales + (start / 8), blockSize / 8).Fill(scale);
            sums[block] = -8 * scale * sum;
        }

        int filled = blocks * blockSize;
        if (filled < Padded)
        {
            int tail = filled % Group / 2;
            sbyte* last = values + Padded - Group;
            new Span<sbyte>(last + tail, (Group / 2) - tail).Clear();
            new Span<sbyte>(last + (Group / 2) + tail, (Group / 2) - tail).Clear();
            new Span<float>(scales + (filled / 8), (Padded - filled) / 8).Clear();
        }

        new Span<float>(sums + blocks, PaddedBlocks - blocks).Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    ~QuantizedRows() => Release();

    private void Release()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        _bytes = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Scale(float* source, int count, out float inverse)
    {
        Vector256<float> largest = Vector256<float>.Zero, broken = Vector256<float>.Zero;
        for (int i = 0; i < count; i += Vector256<float>.Count)
        {
            Vector256<float> v = Vector256.Load(source + i);
            largest = Vector256.MaxNative(largest, Vector256.Abs(v));
            broken += v * Vector256<float>.Zero;
        }

        Vector128<float> half = Vector128.MaxNative(largest.GetLower(), largest.GetUpper());
        half = Vector128.MaxNative(half, Vector128.Shuffle(half, Vector128.Create(2, 3, 0, 1)));
        float most = MathF.Max(half[0], half[1]);
        inverse = most > Smallest ? Steps / most : 0;
        return (most > Smallest ? most / Steps : 0) + Vector256.Sum(broken);
    }

    // Sixteen values.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Store(float* source, float inverse, sbyte* evens)
    {
        Vector256<int> first = Vector256.ConvertToInt32Native(Vector256.Round(Vector256.Load(source) * inverse));
        Vector256<int> second = Vector256.ConvertToInt32Native(Vector256.Round(Vector256.Load(source + Vector256<float>.Count) * inverse));
        Vector256<short> words = Vector256.Narrow(first, second);
        Vector128<sbyte> bytes = Vector128.Narrow(words.GetLower(), words.GetUpper());
        bytes = Vector128.Shuffle(bytes, Vector128.Create((sbyte)0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15));
        *(long*)evens = bytes.AsInt64()[0];
        *(long*)(evens + (Group / 2)) = bytes.AsInt64()[1];
        return Vector256.Sum(first + second);
    }
}
