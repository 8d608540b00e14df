using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace TokenFactory.Inference.Kernels;

/// <summary>The products with 256-bit vectors: a column at a time, of one, two, four or eight rows.</summary>
/// <remarks>
/// As <see cref="Avx512Int4"/> does it, half a group at a time: 32 bytes of weights are 64 of a column, whose even and odd activations lie 64 bytes apart.
/// A lane is a sum of 8 elements of one block. Sixteen registers hold the sums of eight rows, and what a column's weights are taken apart into.
/// </remarks>
internal static unsafe class Avx2Int4
{
    // Elements of a vector of weights, their bytes and the lanes of their products.
    private const int Half = QuantizedRows.Group / 2;
    private const int HalfBytes = Half / 2;
    private const int Lanes = 8;

    // Bytes of weights that are asked for before they are needed.
    private const int Ahead = 3072;

    // What does not fill a vector: its weights, then the scales that a vector of them has.
    private const int TailBytes = HalfBytes + (4 * sizeof(float));

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
        int lastRow = firstRow + rowCount, rowBlocks = rows.RowsOfCache;
        byte* tail = stackalloc byte[TailBytes + (weights.ZeroPoints is null ? 0 : weights.BlockCount * sizeof(float))];
        var one = new Column<TBlock>(weights, tail);
        for (int rowBlock = firstRow; rowBlock < lastRow; rowBlock += rowBlocks)
        {
            int rowEnd = Math.Min(lastRow, rowBlock + rowBlocks);
            for (int column = firstColumn; column < firstColumn + columns; column++)
            {
                one.Move(column);
                float start = bias is null ? 0 : bias[column];
                float* target = y + ((long)rowBlock * stride) + column;
                int row = rowBlock;
                for (; row + 8 <= rowEnd; row += 8, target += 8L * stride)
                {
                    one.Several<EightRows>(rows, row, start, target, stride);
                }

                if (row + 4 <= rowEnd)
                {
                    one.Several<FourRows>(rows, row, start, target, stride);
                    row += 4;
                    target += 4L * stride;
                }

                if (row + 2 <= rowEnd)
                {
                    one.Several<TwoRows>(rows, row, start, target, stride);
                    row += 2;
                    target += 2L * stride;
                }

                if (row < rowEnd)
                {
                    *target = one.One(rows, row) + start;
                }
            }
        }
    }

    private interface IRows
    {
        static abstract int Count { get; }
    }

    private readonly struct TwoRows : IRows
    {
        public static int Count => 2;
    }

    private readonly struct FourRows : IRows
    {
        public static int Count => 4;
    }

    private readonly struct EightRows : IRows
    {
        public static int Count => 8;
    }

    private interface IBlock
    {
        /// <summary>Where the scales of a half begin.</summary>
        static abstract int First(int half);

        /// <summary>The scales of a half, each as often as its block has lanes.</summary>
        static abstract Vector256<float> Expand(float* scales);
    }

    private readonly struct Block32 : IBlock
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int First(int half) => 2 * half;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Expand(float* scales) => Avx2.PermuteVar8x32(
            Vector128.CreateScalarUnsafe(*(double*)scales).AsSingle().ToVector256Unsafe(), Vector256.Create(0, 0, 0, 0, 1, 1, 1, 1));
    }

    private readonly struct Block64 : IBlock
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int First(int half) => half;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Expand(float* scales) => Vector256.Create(*scales);
    }

    private readonly struct Block128 : IBlock
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int First(int half) => half / 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Expand(float* scales) => Vector256.Create(*scales);
    }

    // A column of the weights; half a vector that is left of it lies in a place of its own, filled up with zeros.
    private struct Column<TBlock>
        where TBlock : struct, IBlock
    {
        private readonly Int4Weights _weights;
        private readonly byte* _tail;
        private readonly int _wholeHalves;
        private readonly int _halves;
        private readonly int _blockCount;
        private readonly Vector256<float> _lastBlocks;
        private byte* _blocks;
        private float* _scales;
        private float* _zeros;

        public Column(in Int4Weights weights, byte* tail)
        {
            _weights = weights;
            _tail = tail;
            _wholeHalves = weights.Inner / Half;
            _halves = (weights.Inner + Half - 1) / Half;
            _blockCount = weights.BlockCount;
            _lastBlocks = Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(_blockCount % Lanes)).AsSingle();
        }

        public void Move(int column)
        {
            _blocks = _weights.Blocks + ((long)column * _weights.Inner / 2);
            _scales = _weights.Scales + ((long)column * _blockCount);
            _zeros = _scales;
            if (_weights.ZeroPoints is not null)
            {
                _zeros = (float*)(_tail + TailBytes);
                _weights.ScaleZeroPoints(column, _zeros);
            }

            if (_halves != _wholeHalves)
            {
                Vector128.Load(_blocks + (_wholeHalves * HalfBytes)).ToVector256().Store(_tail);
                Vector128.CreateScalar(_scales[TBlock.First(_wholeHalves)]).Store((float*)(_tail + HalfBytes));
            }
        }

        // Scale times zero point, in eighths, of 8 blocks.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly Vector256<float> Correction(int block) =>
            block + Lanes <= _blockCount ? Vector256.Load(_zeros + block)
            : block < _blockCount ? Avx.MaskLoad(_zeros + block, _lastBlocks)
            : default;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly float One(QuantizedRows rows, int row)
        {
            sbyte* a = rows.Values + ((long)row * rows.Padded);
            float* s = rows.Scales + ((long)row * rows.Groups * 2 * Lanes);
            float* sums = rows.Sums + ((long)row * rows.PaddedBlocks);
            Vector256<float> sum = default;
            for (int i = 0; i < rows.PaddedBlocks; i += Lanes)
            {
                sum = Vector256.FusedMultiplyAdd(Vector256.Load(sums + i), Correction(i), sum);
            }

            byte* blocks = _blocks;
            float* scales = _scales;
            for (int h = 0; h < _halves; h++)
            {
                if (h == _wholeHalves)
                {
                    blocks = _tail;
                    scales = (float*)(_tail + HalfBytes) - TBlock.First(h);
                }

                Sse.Prefetch0(blocks + Ahead);
                Vector256<byte> v = Vector256.Load(blocks);
                sum = Add(Low(v), High(v), a, TBlock.Expand(scales + TBlock.First(h)), s, sum);
                blocks += HalfBytes;
                a += Next(h);
                s += Lanes;
            }

            sum = Avx.HorizontalAdd(sum, sum);
            sum = Avx.HorizontalAdd(sum, sum);
            return sum[0] + sum[4];
        }

        // What more rows would take is not compiled for fewer.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Several<TRows>(QuantizedRows rows, int row, float start, float* y, int stride)
            where TRows : struct, IRows
        {
            nint padded = rows.Padded, lanes = rows.Groups * 2 * Lanes, sumLength = rows.PaddedBlocks;
            sbyte* a = rows.Values + (row * padded), a4 = a + (4 * padded);
            float* s = rows.Scales + (row * lanes), s4 = s + (4 * lanes);
            float* sums = rows.Sums + (row * sumLength);
            Vector256<float> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
            Vector256<float> sum4 = default, sum5 = default, sum6 = default, sum7 = default;
            for (int i = 0; i < sumLength; i += Lanes, sums += Lanes)
            {
                Vector256<float> zero = Correction(i);
                sum0 = Vector256.FusedMultiplyAdd(Vector256.Load(sums), zero, sum0);
                sum1 = Vector256.FusedMultiplyAdd(Vector256.Load(sums + sumLength), zero, sum1);
                if (TRows.Count > 2)
                {
                    sum2 = Vector256.FusedMultiplyAdd(Vector256.Load(sums + (2 * sumLength)), zero, sum2);
                    sum3 = Vector256.FusedMultiplyAdd(Vector256.Load(sums + (3 * sumLength)), zero, sum3);
                }

                if (TRows.Count > 4)
                {
                    sum4 = Vector256.FusedMultiplyAdd(Vector256.Load(sums + (4 * sumLength)), zero, sum4);
                    sum5 = Vector256.FusedMultiplyAdd(Vector256.Load(sums + (5 * sumLength)), zero, sum5);
                    sum6 = Vector256.FusedMultiplyAdd(Vector256.Load(sums + (6 * sumLength)), zero, sum6);
                    sum7 = Vector256.FusedMultiplyAdd(Vector256.Load(sums + (7 * sumLength)), zero, sum7);
                }
            }

            byte* blocks = _blocks;
            float* scales = _scales;
            for (int h = 0; h < _halves; h++)
            {
                if (h == _wholeHalves)
                {
                    blocks = _tail;
                    scales = (float*)(_tail + HalfBytes) - TBlock.First(h);
                }

                Sse.Prefetch0(blocks + Ahead);
                Vector256<byte> v = Vector256.Load(blocks);
                Vector256<byte> low = Low(v), high = High(v);
                Vector256<float> scale = TBlock.Expand(scales + TBlock.First(h));
                sum0 = Add(low, high, a, scale, s, sum0);
                sum1 = Add(low, high, a + padded, scale, s + lanes, sum1);
                if (TRows.Count > 2)
                {
                    sum2 = Add(low, high, a + (2 * padded), scale, s + (2 * lanes), sum2);
                    sum3 = Add(low, high, a + (3 * padded), scale, s + (3 * lanes), sum3);
                }

                if (TRows.Count > 4)
                {
                    sum4 = Add(low, high, a4, scale, s4, sum4);
                    sum5 = Add(low, high, a4 + padded, scale, s4 + lanes, sum5);
                    sum6 = Add(low, high, a4 + (2 * padded), scale, s4 + (2 * lanes), sum6);
                    sum7 = Add(low, high, a4 + (3 * padded), scale, s4 + (3 * lanes), sum7);
                    a4 += Next(h);
                    s4 += Lanes;
                }

                blocks += HalfBytes;
                a += Next(h);
                s += Lanes;
            }

            Vector128<float> first = Reduce(sum0, sum1, sum2, sum3) + Vector128.Create(start);
            y[0] = first[0];
            y[stride] = first[1];
            if (TRows.Count > 2)
            {
                y[2L * stride] = first[2];
                y[3L * stride] = first[3];
            }

            if (TRows.Count > 4)
            {
                Vector128<float> second = Reduce(sum4, sum5, sum6, sum7) + Vector128.Create(start);
                y[4L * stride] = second[0];
                y[5L * stride] = second[1];
                y[6L * stride] = second[2];
                y[7L * stride] = second[3];
            }
        }
    }

    // From a half's even activations to the next one's: a group's odd ones lie between.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint Next(int half) => HalfBytes + ((half & 1) * Half);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Add(Vector256<byte> low, Vector256<byte> high, sbyte* evens, Vector256<float> scale, float* scales, Vector256<float> sum)
    {
        Vector256<short> words = Avx2.MultiplyAddAdjacent(low, Vector256.Load(evens)) + Avx2.MultiplyAddAdjacent(high, Vector256.Load(evens + Half));
        Vector256<float> lanes = Vector256.ConvertToSingle(Avx2.MultiplyAddAdjacent(words, Vector256<short>.One));
        return Vector256.FusedMultiplyAdd(lanes, scale * Vector256.Load(scales), sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Low(Vector256<byte> v) => v & Vector256.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> High(Vector256<byte> v) => (v.AsUInt16() >>> 4).AsByte() & Vector256.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Reduce(Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d)
    {
        Vector256<float> all = Avx.HorizontalAdd(Avx.HorizontalAdd(a, b), Avx.HorizontalAdd(c, d));
        return all.GetLower() + all.GetUpper();
    }
}
