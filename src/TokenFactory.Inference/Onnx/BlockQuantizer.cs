namespace TokenFactory.Inference.Onnx;

/// <summary>Quantizes rows by block, symmetric, as <c>MatMulNBits</c> without zero points reads them.</summary>
/// <remarks>
/// A block of <c>size</c> weights shares one scale s = m / −2^(bits−1), m being the weight of largest magnitude; a weight w becomes
/// round(w / s) + 2^(bits−1), clamped to its bits. int4 packs two a byte, the first in the low half. Source: ONNX Runtime's
/// ContribOperators.md, MatMulNBits. Rounding is half to even, the same on every platform.
/// </remarks>
internal static class BlockQuantizer
{
    /// <summary>Bytes of one quantized block.</summary>
    public static int BlockBytes(int bits, int size) => size * bits / 8;

    /// <summary>Quantizes one row; columns beyond the row's end in the last block are zero weights.</summary>
    /// <param name="row">The weights.</param>
    /// <param name="bits">4 or 8.</param>
    /// <param name="size">Weights of a block.</param>
    /// <param name="quantized">Blocks × <see cref="BlockBytes"/>.</param>
    /// <param name="scales">One a block.</param>
    public static void Quantize(ReadOnlySpan<float> row, int bits, int size, Span<byte> quantized, Span<float> scales)
    {
        int half = 1 << (bits - 1);
        int blockBytes = BlockBytes(bits, size);
        for (int block = 0; block < scales.Length; block++)
        {
            ReadOnlySpan<float> weights = row.Slice(block * size, Math.Min(size, row.Length - (block * size)));
            float extreme = 0;
            foreach (float w in weights)
            {
                extreme = Math.Abs(w) > Math.Abs(extreme) ? w : extreme;
            }

            float scale = extreme / -half;
            float inverse = scale == 0 ? 0 : 1 / scale;
            scales[block] = scale;
            Span<byte> bytes = quantized.Slice(block * blockBytes, blockBytes);
            if (bits == 8)
            {
                bytes.Fill((byte)half);
                for (int i = 0; i < weights.Length; i++)
                {
                    bytes[i] = (byte)Level(weights[i] * inverse, half);
                }

                continue;
            }

            bytes.Fill((byte)(half | (half << 4)));
            for (int i = 0; i + 1 < weights.Length; i += 2)
            {
                bytes[i >> 1] = (byte)(Level(weights[i] * inverse, half) | (Level(weights[i + 1] * inverse, half) << 4));
            }

            if ((weights.Length & 1) == 1)
            {
                bytes[weights.Length >> 1] = (byte)(Level(weights[^1] * inverse, half) | (half << 4));
            }
        }
    }

    private static int Level(float value, int half) => Math.Clamp((int)MathF.Round(value) + half, 0, (2 * half) - 1);
}
