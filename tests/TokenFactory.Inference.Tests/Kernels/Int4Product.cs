using System.Runtime.InteropServices;
using TokenFactory.Inference.Kernels;

namespace TokenFactory.Inference.Tests.Kernels;

/// <summary>A random product, and what it is in double precision. Its weights end where memory ends, as far as an allocator lets one see it.</summary>
internal sealed unsafe class Int4Product : IDisposable
{
    private readonly int _inner;
    private readonly int _outer;
    private readonly int _blockSize;
    private readonly int _rowCount;
    private readonly bool _narrow;
    private readonly byte* _blocks;
    private readonly float* _scales;
    private readonly byte* _zeroPoints;
    private readonly float* _activations;
    private readonly QuantizedRows _rows = new();

    public Int4Product(int inner, int outer, int blockSize, bool zeroPoints, int rows, Func<int, int, float>? activation = null, bool narrow = false)
    {
        (_inner, _outer, _blockSize, _rowCount) = (inner, outer, blockSize, rows);
        var random = new Random((inner * 31) + outer);
        _narrow = narrow;
        activation ??= (_, _) => (random.NextSingle() - 0.4f) * MathF.Pow(10, random.Next(-3, 2));
        _blocks = (byte*)NativeMemory.Alloc((nuint)(outer * inner / 2));
        random.NextBytes(new Span<byte>(_blocks, outer * inner / 2));
        _scales = (float*)NativeMemory.Alloc((nuint)(outer * Blocks * sizeof(float)));
        for (int i = 0; i < outer * Blocks; i++)
        {
            _scales[i] = random.NextSingle() - 0.5f;
        }

        if (zeroPoints)
        {
            _zeroPoints = (byte*)NativeMemory.Alloc((nuint)(outer * ((Blocks + 1) / 2)));
            random.NextBytes(new Span<byte>(_zeroPoints, outer * ((Blocks + 1) / 2)));
        }

        _activations = (float*)NativeMemory.Alloc((nuint)(rows * inner * sizeof(float)));
        _rows.Reserve(rows, inner, blockSize);
        for (int row = 0; row < rows; row++)
        {
            for (int i = 0; i < inner; i++)
            {
                _activations[(row * inner) + i] = activation(row, i);
            }

            _rows.Quantize(_activations + (row * inner), row, inner, blockSize);
        }
    }

    private int Blocks => _inner / _blockSize;

    /// <summary>[rows, outer]; what was not asked for is not a number.</summary>
    public float[] Multiply(int firstRow, int rows, int firstColumn, int columns, float[]? bias)
    {
        float[] target = new float[_rowCount * _outer];
        Array.Fill(target, float.NaN);
        fixed (float* y = target, b = bias)
        {
            var weights = new Int4Weights(_blocks, _scales, _zeroPoints, _inner, _outer, _blockSize);
            if (_narrow)
            {
                Avx2Int4.Multiply(weights, _rows, firstRow, rows, firstColumn, columns, y, _outer, b);
            }
            else
            {
                Avx512Int4.Multiply(weights, _rows, firstRow, rows, firstColumn, columns, y, _outer, b);
            }
        }

        return target;
    }

    /// <summary>The product of an element with the activations in 8 bits, and the sum of its terms' sizes.</summary>
    public (double Value, double Magnitude) Expected(int row, int column)
    {
        double value = 0, magnitude = 0;
        for (int block = 0; block < Blocks; block++)
        {
            float* source = _activations + (row * _inner) + (block * _blockSize);
            float most = 0;
            for (int i = 0; i < _blockSize; i++)
            {
                most = MathF.Max(most, MathF.Abs(source[i]));
            }

            double scale = most > 1e-35f ? most / 127f : 0;
            float inverse = most > 1e-35f ? 127f / most : 0;
            int zero = _zeroPoints is null ? 8 : (_zeroPoints[(column * ((Blocks + 1) / 2)) + (block / 2)] >> (block % 2 * 4)) & 15;
            for (int i = 0; i < _blockSize; i++)
            {
                int at = (block * _blockSize) + i;
                int weight = (_blocks[((column * _inner) + at) / 2] >> (at % 2 * 4)) & 15;
                double term = scale * MathF.Round(source[i] * inverse) * _scales[(column * Blocks) + block];
                value += term * (weight - zero);
                magnitude += Math.Abs(term) * 15;
            }
        }

        return (value, magnitude);
    }

    public void Dispose()
    {
        NativeMemory.Free(_blocks);
        NativeMemory.Free(_scales);
        NativeMemory.Free(_zeroPoints);
        NativeMemory.Free(_activations);
        _rows.Dispose();
    }
}
