namespace TokenFactory.Inference.Engine;

/// <summary>Random numbers by position: the n-th draw of a seed is the same whatever was drawn before or beside it.</summary>
/// <remarks>SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) over the seed and the position.</remarks>
internal static class CounterRandom
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>A number in [0, 1) with 53 bits.</summary>
    public static double Unit(ulong seed, int position) =>
        (Mix(Mix(seed) + ((ulong)(uint)position * Golden)) >> 11) * (1.0 / (1UL << 53));

    private static ulong Mix(ulong value)
    {
        value += Golden;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
