using System.Text;

namespace TokenFactory.Inference.Onnx;

/// <summary>Random weights: any row of any tensor can be made at any time, on any thread, with the same bytes.</summary>
/// <remarks>
/// Values are the sum of four uniform 16-bit numbers, scaled to the asked deviation: bell-shaped, bounded by ±3.46 deviations, and made
/// of integer arithmetic and one exact conversion, so that every platform gives the same bits. The generator is xorshift64* seeded by
/// SplitMix64 of seed, tensor name and row.
/// </remarks>
internal sealed class SeededWeights
{
    private const float UnitDeviation = 1.7320508f / 65536f;

    private readonly ulong _seed;

    /// <summary>Creates the weights of a seed.</summary>
    public SeededWeights(long seed) => _seed = Mix((ulong)seed + 0x9E3779B97F4A7C15UL);

    /// <summary>Fills one row of a tensor.</summary>
    /// <param name="tensor">The tensor's name.</param>
    /// <param name="row">The row's number.</param>
    /// <param name="mean">Mean.</param>
    /// <param name="deviation">Standard deviation.</param>
    /// <param name="values">Where the row goes.</param>
    public void Row(ulong tensor, long row, float mean, float deviation, Span<float> values)
    {
        ulong state = Mix(_seed ^ Mix(tensor + ((ulong)row * 0xD1342543DE82EF95UL))) | 1;
        float scale = deviation * UnitDeviation;
        for (int i = 0; i < values.Length; i++)
        {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            ulong bits = state * 0x2545F4914F6CDD1DUL;
            int sum = (int)(bits & 0xFFFF) + (int)((bits >> 16) & 0xFFFF) + (int)((bits >> 32) & 0xFFFF) + (int)(bits >> 48) - 131070;
            values[i] = (sum * scale) + mean;
        }
    }

    /// <summary>The number that stands for a tensor's name (FNV-1a).</summary>
    public static ulong Id(string tensor)
    {
        ulong hash = 0xCBF29CE484222325UL;
        foreach (byte b in Encoding.UTF8.GetBytes(tensor))
        {
            hash = (hash ^ b) * 0x100000001B3UL;
        }

        return hash;
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
