using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace TokenFactory.Inference.Kernels;

/// <content>A column of four or eight rows.</content>
internal static unsafe partial class Avx512Int4
{
    private interface IRows
    {
        static abstract bool AreEight { get; }
    }

    private readonly struct FourRows : IRows
    {
        public static bool AreEight => false;
    }

    private readonly struct EightRows : IRows
    {
        public static bool AreEight => true;
    }

    private partial struct Tile<TBlock>
    {
        /// <summary>Four or eight rows of the tile's columns, one column after the other.</summary>
        /// <param name="rows">The activations.</param>
        /// <param name="row">The first row.</param>
        /// <param name="bias">The first column's; null for none.</param>
        /// <param name="y">The first element.</param>
        /// <param name="stride">Elements from row to row.</param>
        /// <param name="width">Columns.</param>
        public readonly void Rows<TRows>(QuantizedRows rows, int row, float* bias, float* y, int stride, int width)
            where TRows : struct, IRows
        {
            Rows<TRows>(rows, row, _blocks0, _scales0, _zeros0, 0, bias is null ? 0 : bias[0], y, stride);
            if (width > 1)
            {
                Rows<TRows>(rows, row, _blocks1, _scales1, _zeros1, 1, bias is null ? 0 : bias[1], y + 1, stride);
            }

            if (width > 2)
            {
                Rows<TRows>(rows, row, _blocks2, _scales2, _zeros2, 2, bias is null ? 0 : bias[2], y + 2, stride);
            }

            if (width > 3)
            {
                Rows<TRows>(rows, row, _blocks3, _scales3, _zeros3, 3, bias is null ? 0 : bias[3], y + 3, stride);
            }
        }

        // Eight sums and a column's weights, taken apart once for all rows, fit the registers. What eight rows take is not compiled for four.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void Rows<TRows>(QuantizedRows rows, int row, byte* blocks, float* scales, float* zeros, int index, float start, float* y, int stride)
            where TRows : struct, IRows
        {
            nint padded = rows.Padded, lanes = rows.Groups * 16, sumLength = rows.PaddedBlocks;
            sbyte* a = rows.Values + (row * padded), a4 = a + (4 * padded);
            float* s = rows.Scales + (row * lanes), s4 = s + (4 * lanes);
            float* sums = rows.Sums + (row * sumLength);
            Vector512<float> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
            Vector512<float> sum4 = default, sum5 = default, sum6 = default, sum7 = default;
            for (int i = 0; i < sumLength; i += 16, sums += 16)
            {
                Vector512<float> zero = Correction(zeros, i);
                sum0 = Vector512.FusedMultiplyAdd(Vector512.Load(sums), zero, sum0);
                sum1 = Vector512.FusedMultiplyAdd(Vector512.Load(sums + sumLength), zero, sum1);
                sum2 = Vector512.FusedMultiplyAdd(Vector512.Load(sums + (2 * sumLength)), zero, sum2);
                sum3 = Vector512.FusedMultiplyAdd(Vector512.Load(sums + (3 * sumLength)), zero, sum3);
                if (TRows.AreEight)
                {
                    sum4 = Vector512.FusedMultiplyAdd(Vector512.Load(sums + (4 * sumLength)), zero, sum4);
                    sum5 = Vector512.FusedMultiplyAdd(Vector512.Load(sums + (5 * sumLength)), zero, sum5);
                    sum6 = Vector512.FusedMultiplyAdd(Vector512.Load(sums + (6 * sumLength)), zero, sum6);
                    sum7 = Vector512.FusedMultiplyAdd(Vector512.Load(sums + (7 * sumLength)), zero, sum7);
                }
            }

            int groups = rows.Groups;
            for (int g = 0; g < groups; g++)
            {
                if (g == _wholeGroups)
                {
                    blocks = _tails + (64 * index);
                    scales = (float*)(_tails + TailScales) + (4 * index);
                }

                Sse.Prefetch0(blocks + Ahead);
                Vector512<byte> v = Vector512.Load(blocks);
                Vector512<byte> low = Low(v), high = High(v);
                Vector512<float> scale = TBlock.Expand(TBlock.Load(scales));
                sum0 = Add(low, high, a, scale, s, sum0);
                sum1 = Add(low, high, a + padded, scale, s + lanes, sum1);
                sum2 = Add(low, high, a + (2 * padded), scale, s + (2 * lanes), sum2);
                sum3 = Add(low, high, a + (3 * padded), scale, s + (3 * lanes), sum3);
                if (TRows.AreEight)
                {
                    sum4 = Add(low, high, a4, scale, s4, sum4);
                    sum5 = Add(low, high, a4 + padded, scale, s4 + lanes, sum5);
                    sum6 = Add(low, high, a4 + (2 * padded), scale, s4 + (2 * lanes), sum6);
                    sum7 = Add(low, high, a4 + (3 * padded), scale, s4 + (3 * lanes), sum7);
                    a4 += QuantizedRows.Group;
                    s4 += 16;
                }

                blocks += 64;
                scales += TBlock.ScalesOfGroup;
                a += QuantizedRows.Group;
                s += 16;
            }

            Vector128<float> first = Reduce(sum0, sum1, sum2, sum3) + Vector128.Create(start);
            y[0] = first[0];
            y[stride] = first[1];
            y[2L * stride] = first[2];
            y[3L * stride] = first[3];
            if (TRows.AreEight)
            {
                Vector128<float> second = Reduce(sum4, sum5, sum6, sum7) + Vector128.Create(start);
                y[4L * stride] = second[0];
                y[5L * stride] = second[1];
                y[6L * stride] = second[2];
                y[7L * stride] = second[3];
            }
        }
    }
}
