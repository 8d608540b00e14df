using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace TokenFactory.Inference.Kernels;

/// <summary>The products with 512-bit vectors: four columns of one or two rows at a time, or one of four or eight.</summary>
/// <remarks>
/// 64 bytes of weights are 128 of a column. Their nibbles are multiplied by the even and the odd activations and added up in lanes of 8 elements, each of
/// which lies in one block; a lane is scaled by both scales and added to a sum of 16 lanes. What the zero points take away is a second, small product.
/// </remarks>
internal static unsafe partial class Avx512Int4
{
    // Bytes of weights that are asked for before they are needed.
    private const int Ahead = 3072;

    // What does not fill a group: 64 bytes of weights of four columns, then four scales of each.
    private const int TailScales = 4 * 64;
    private const int TailBytes = TailScales + (4 * 4 * sizeof(float));

    public static void Multiply(in Int4Weights weights, QuantizedRows rows, int firstRow, int rowCount, int firstColumn, int columns, float* y, int stride, float* bias)
    {
        switch (weights.BlockSize)
        {
            case 32:
                Multiply<Block32>(weights, rows, firstRow, rowCount, firstColumn, columns, y, stride, bias);
                break;
            case 64:
                Multiply<Block64>(weights, rows, firstRow, rowCount, firstColumn, columns, y, stride, bias);
                break;
            default:
                Multiply<Block128>(weights, rows, firstRow, rowCount, firstColumn, columns, y, stride, bias);
                break;
        }
    }

    private static void Multiply<TBlock>(in Int4Weights weights, QuantizedRows rows, int firstRow, int rowCount, int firstColumn, int columns, float* y, int stride, float* bias)
        where TBlock : struct, IBlock
    {
        int end = firstColumn + columns, lastRow = firstRow + rowCount, rowBlocks = rows.RowsOfCache;
        byte* tails = stackalloc byte[TailBytes + (weights.ZeroPoints is null ? 0 : 4 * weights.BlockCount * sizeof(float))];
        var tile = new Tile<TBlock>(weights, tails);
        for (int rowBlock = firstRow; rowBlock < lastRow; rowBlock += rowBlocks)
        {
            int rowEnd = Math.Min(lastRow, rowBlock + rowBlocks);
            for (int column = firstColumn; column < end; column += 4)
            {
                int width = Math.Min(4, end - column);
                tile.Move(column, width, rowEnd - rowBlock > 1);
                Vector128<float> start = bias is null ? default : width == 4 ? Vector128.Load(bias + column) : Partial(bias + column, width);
                int row = rowBlock;
                for (; row + 8 <= rowEnd; row += 8)
                {
                    tile.Rows<EightRows>(rows, row, bias is null ? null : bias + column, y + ((long)row * stride) + column, stride, width);
                }

                if (row + 4 <= rowEnd)
                {
                    tile.Rows<FourRows>(rows, row, bias is null ? null : bias + column, y + ((long)row * stride) + column, stride, width);
                    row += 4;
                }

                if (row + 2 <= rowEnd)
                {
                    tile.Two(rows, row, start, y + ((long)row * stride) + column, stride, width);
                    row += 2;
                }

                if (row < rowEnd)
                {
                    tile.One(rows, row, start, y + ((long)row * stride) + column, width);
                }
            }
        }
    }

    private static Vector128<float> Partial(float* source, int count) => Vector128.Create(source[0], count > 1 ? source[1] : 0, count > 2 ? source[2] : 0, 0);

    private interface IBlock
    {
        static abstract int ScalesOfGroup { get; }

        static abstract Vector128<float> Load(float* scales);

        static abstract Vector512<float> Expand(Vector128<float> scales);
    }

    private readonly struct Block32 : IBlock
    {
        public static int ScalesOfGroup => 4;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<float> Load(float* scales) => Vector128.Load(scales);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Expand(Vector128<float> scales) => Avx512F.PermuteVar16x32(
            scales.ToVector256Unsafe().ToVector512Unsafe(), Vector512.Create(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3));
    }

    private readonly struct Block64 : IBlock
    {
        public static int ScalesOfGroup => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<float> Load(float* scales) => Vector128.CreateScalarUnsafe(*(double*)scales).AsSingle();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Expand(Vector128<float> scales) => Avx512F.PermuteVar16x32(
            scales.ToVector256Unsafe().ToVector512Unsafe(), Vector512.Create(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1));
    }

    private readonly struct Block128 : IBlock
    {
        public static int ScalesOfGroup => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<float> Load(float* scales) => Vector128.CreateScalarUnsafe(*scales);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Expand(Vector128<float> scales) => Avx512F.BroadcastScalarToVector512(scales);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Reduce(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        Vector512<float> ab = Avx512F.UnpackLow(a, b) + Avx512F.UnpackHigh(a, b);
        Vector512<float> cd = Avx512F.UnpackLow(c, d) + Avx512F.UnpackHigh(c, d);
        Vector512<float> all = Avx512F.Shuffle(ab, cd, 0b01_00_01_00) + Avx512F.Shuffle(ab, cd, 0b11_10_11_10);
        Vector256<float> half = all.GetLower() + all.GetUpper();
        return half.GetLower() + half.GetUpper();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Add(Vector512<byte> low, Vector512<byte> high, sbyte* evens, Vector512<float> scale, float* scales, Vector512<float> sum)
    {
        Vector512<short> words = Avx512BW.MultiplyAddAdjacent(low, Vector512.Load(evens)) + Avx512BW.MultiplyAddAdjacent(high, Vector512.Load(evens + 64));
        Vector512<float> lanes = Vector512.ConvertToSingle(Avx512BW.MultiplyAddAdjacent(words, Vector512<short>.One));
        return Vector512.FusedMultiplyAdd(lanes, scale * Vector512.Load(scales), sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Low(Vector512<byte> v) => v & Vector512.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> High(Vector512<byte> v) => (v.AsUInt16() >>> 4).AsByte() & Vector512.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(Vector128<float> v, float* y, int width)
    {
        if (width == 4)
        {
            v.Store(y);
            return;
        }

        for (int i = 0; i < width; i++)
        {
            y[i] = v[i];
        }
    }
}
