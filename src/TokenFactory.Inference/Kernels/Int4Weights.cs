namespace TokenFactory.Inference.Kernels;

/// <summary>A matrix of 4-bit weights as <c>MatMulNBits</c> stores it. The caller owns the memory.</summary>
/// <param name="blocks">[Outer, Inner / BlockSize, BlockSize / 2] bytes; a byte's low nibble is the earlier weight.</param>
/// <param name="scales">[Outer, Inner / BlockSize].</param>
/// <param name="zeroPoints">[Outer, ceil(Inner / BlockSize / 2)] bytes, low nibble first; null where all are 8.</param>
/// <param name="inner">Length of a row of activations.</param>
/// <param name="outer">Columns of the product.</param>
/// <param name="blockSize">Weights that share a scale.</param>
internal readonly unsafe struct Int4Weights(byte* blocks, float* scales, byte* zeroPoints, int inner, int outer, int blockSize)
{
    public byte* Blocks { get; } = blocks;

    public float* Scales { get; } = scales;

    public byte* ZeroPoints { get; } = zeroPoints;

    public int Inner { get; } = inner;

    public int Outer { get; } = outer;

    public int BlockSize { get; } = blockSize;

    public int BlockCount => Inner / BlockSize;

    /// <summary>Scale times zero point, in eighths, of each block of a column.</summary>
    /// <param name="column">The column, which has zero points.</param>
    /// <param name="scaled">[BlockCount].</param>
    public void ScaleZeroPoints(int column, float* scaled)
    {
        float* scales = Scales + ((long)column * BlockCount);
        byte* packed = ZeroPoints + ((long)column * ((BlockCount + 1) / 2));
        for (int i = 0; i < BlockCount; i++)
        {
            scaled[i] = scales[i] * ((packed[i / 2] >> (i % 2 * 4)) & 15) / 8f;
        }
    }
}
