using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace TokenFactory.Inference.Kernels;

/// <content>Four columns of one or two rows.</content>
internal static unsafe partial class Avx512Int4
{
    // Four columns of the weights; what does not fill a group lies in a place of its own, filled up with zeros.
    private partial struct Tile<TBlock>
        where TBlock : struct, IBlock
    {
        private readonly Int4Weights _weights;
        private readonly byte* _tails;
        private readonly int _wholeGroups;
        private readonly int _rest;
        private readonly int _blockCount;
        private readonly Vector512<byte> _tailBytes;
        private readonly Vector128<float> _tailScales;
        private readonly Vector512<float> _lastBlocks;
        private byte* _blocks0, _blocks1, _blocks2, _blocks3;
        private float* _scales0, _scales1, _scales2, _scales3;
        private float* _zeros0, _zeros1, _zeros2, _zeros3;

        public Tile(in Int4Weights weights, byte* tails)
        {
            _weights = weights;
            _tails = tails;
            _wholeGroups = weights.Inner / QuantizedRows.Group;
            _rest = weights.Inner % QuantizedRows.Group;
            _blockCount = weights.BlockCount;
            _tailBytes = Vector512.LessThan(Vector512<byte>.Indices, Vector512.Create((byte)(_rest / 2)));
            _tailScales = Vector128.LessThan(Vector128<int>.Indices, Vector128.Create(_rest / weights.BlockSize)).AsSingle();
            _lastBlocks = Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(_blockCount % 16)).AsSingle();
        }

        /// <summary>Takes the columns from <paramref name="column"/> on; where fewer than four are left the last one is computed several times.</summary>
        /// <param name="column">The first.</param>
        /// <param name="width">Columns that are left, at most four.</param>
        /// <param name="several">True when several rows will meet them.</param>
        public void Move(int column, int width, bool several)
        {
            bool tails = several && _rest != 0;
            int last = column + width - 1;
            Column(column, 0, tails, out _blocks0, out _scales0, out _zeros0);
            Column(Math.Min(column + 1, last), 1, tails, out _blocks1, out _scales1, out _zeros1);
            Column(Math.Min(column + 2, last), 2, tails, out _blocks2, out _scales2, out _zeros2);
            Column(last, 3, tails, out _blocks3, out _scales3, out _zeros3);
        }

        private readonly void Column(int column, int index, bool tails, out byte* blocks, out float* scales, out float* zeros)
        {
            blocks = _weights.Blocks + ((long)column * _weights.Inner / 2);
            scales = _weights.Scales + ((long)column * _blockCount);
            zeros = scales;
            if (_weights.ZeroPoints is not null)
            {
                zeros = (float*)(_tails + TailBytes) + ((long)index * _blockCount);
                _weights.ScaleZeroPoints(column, zeros);
            }

            if (tails)
            {
                Avx512BW.MaskLoad(blocks + (_wholeGroups * 64), _tailBytes, Vector512<byte>.Zero).Store(_tails + (64 * index));
                Avx.MaskLoad(scales + (_wholeGroups * TBlock.ScalesOfGroup), _tailScales).Store((float*)(_tails + TailScales) + (4 * index));
            }
        }

        // Scale times zero point, in eighths, of 16 blocks.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly Vector512<float> Correction(float* zeros, int block) => block + 16 <= _blockCount
            ? Vector512.Load(zeros + block)
            : Avx512F.MaskLoad(zeros + block, _lastBlocks, Vector512<float>.Zero);

        // Column after column: memory is read in one stream.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void One(QuantizedRows rows, int row, Vector128<float> start, float* y, int width)
        {
            sbyte* a = rows.Values + ((long)row * rows.Padded);
            float* s = rows.Scales + ((long)row * rows.Groups * 16);
            float* sums = rows.Sums + ((long)row * rows.PaddedBlocks);
            Vector512<float> s0 = Column(_blocks0, _scales0, _zeros0, a, s, sums, rows.PaddedBlocks);
            Vector512<float> s1 = Column(_blocks1, _scales1, _zeros1, a, s, sums, rows.PaddedBlocks);
            Vector512<float> s2 = Column(_blocks2, _scales2, _zeros2, a, s, sums, rows.PaddedBlocks);
            Vector512<float> s3 = Column(_blocks3, _scales3, _zeros3, a, s, sums, rows.PaddedBlocks);
            Write(Reduce(s0, s1, s2, s3) + start, y, width);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly Vector512<float> Column(byte* blocks, float* scales, float* zeros, sbyte* a, float* s, float* sums, int sumLength)
        {
            Vector512<float> sum = default;
            for (int i = 0; i < sumLength; i += 16)
            {
                sum = Vector512.FusedMultiplyAdd(Vector512.Load(sums + i), Correction(zeros, i), sum);
            }

            Vector512<byte> v;
            for (int g = 0; g < _wholeGroups; g++)
            {
                Sse.Prefetch0(blocks + Ahead);
                v = Vector512.Load(blocks);
                sum = Add(Low(v), High(v), a, TBlock.Expand(TBlock.Load(scales)), s, sum);
                blocks += 64;
                scales += TBlock.ScalesOfGroup;
                a += 128;
                s += 16;
            }

            if (_rest != 0)
            {
                v = Avx512BW.MaskLoad(blocks, _tailBytes, Vector512<byte>.Zero);
                sum = Add(Low(v), High(v), a, TBlock.Expand(Avx.MaskLoad(scales, _tailScales)), s, sum);
            }

            return sum;
        }

        // Column beside column: each activation is loaded once for four of them.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Two(QuantizedRows rows, int row, Vector128<float> start, float* y, int stride, int width)
        {
            int padded = rows.Padded, groups = rows.Groups, lanes = groups * 16, sumLength = rows.PaddedBlocks;
            sbyte* a = rows.Values + ((long)row * padded);
            float* s = rows.Scales + ((long)row * lanes);
            float* sums = rows.Sums + ((long)row * sumLength);
            Vector512<float> s00 = default, s01 = default, s02 = default, s03 = default;
            Vector512<float> s10 = default, s11 = default, s12 = default, s13 = default;
            for (int i = 0; i < sumLength; i += 16)
            {
                Vector512<float> z0 = Correction(_zeros0, i), z1 = Correction(_zeros1, i), z2 = Correction(_zeros2, i), z3 = Correction(_zeros3, i);
                Vector512<float> sum = Vector512.Load(sums + i);
                s00 = Vector512.FusedMultiplyAdd(sum, z0, s00);
                s01 = Vector512.FusedMultiplyAdd(sum, z1, s01);
                s02 = Vector512.FusedMultiplyAdd(sum, z2, s02);
                s03 = Vector512.FusedMultiplyAdd(sum, z3, s03);
                sum = Vector512.Load(sums + sumLength + i);
                s10 = Vector512.FusedMultiplyAdd(sum, z0, s10);
                s11 = Vector512.FusedMultiplyAdd(sum, z1, s11);
                s12 = Vector512.FusedMultiplyAdd(sum, z2, s12);
                s13 = Vector512.FusedMultiplyAdd(sum, z3, s13);
            }

            byte* b0 = _blocks0, b1 = _blocks1, b2 = _blocks2, b3 = _blocks3;
            float* f0 = _scales0, f1 = _scales1, f2 = _scales2, f3 = _scales3;
            long ahead = 2L * _weights.Inner;
            for (int g = 0; g < groups; g++)
            {
                if (g == _wholeGroups)
                {
                    b0 = _tails;
                    b1 = _tails + 64;
                    b2 = _tails + 128;
                    b3 = _tails + 192;
                    f0 = (float*)(_tails + TailScales);
                    f1 = f0 + 4;
                    f2 = f0 + 8;
                    f3 = f0 + 12;
                }

                Sse.Prefetch0(b0 + ahead);
                Vector512<byte> v = Vector512.Load(b0);
                Vector512<byte> low = Low(v), high = High(v);
                Vector512<float> scale = TBlock.Expand(TBlock.Load(f0));
                s00 = Add(low, high, a, scale, s, s00);
                s10 = Add(low, high, a + padded, scale, s + lanes, s10);

                Sse.Prefetch0(b1 + ahead);
                v = Vector512.Load(b1);
                low = Low(v);
                high = High(v);
                scale = TBlock.Expand(TBlock.Load(f1));
                s01 = Add(low, high, a, scale, s, s01);
                s11 = Add(low, high, a + padded, scale, s + lanes, s11);

                Sse.Prefetch0(b2 + ahead);
                v = Vector512.Load(b2);
                low = Low(v);
                high = High(v);
                scale = TBlock.Expand(TBlock.Load(f2));
                s02 = Add(low, high, a, scale, s, s02);
                s12 = Add(low, high, a + padded, scale, s + lanes, s12);

                Sse.Prefetch0(b3 + ahead);
                v = Vector512.Load(b3);
                low = Low(v);
                high = High(v);
                scale = TBlock.Expand(TBlock.Load(f3));
                s03 = Add(low, high, a, scale, s, s03);
                s13 = Add(low, high, a + padded, scale, s + lanes, s13);

                b0 += 64;
                b1 += 64;
                b2 += 64;
                b3 += 64;
                f0 += TBlock.ScalesOfGroup;
                f1 += TBlock.ScalesOfGroup;
                f2 += TBlock.ScalesOfGroup;
                f3 += TBlock.ScalesOfGroup;
                a += 128;
                s += 16;
            }

            Write(Reduce(s00, s01, s02, s03) + start, y, width);
            Write(Reduce(s10, s11, s12, s13) + start, y + stride, width);
        }
    }
}
