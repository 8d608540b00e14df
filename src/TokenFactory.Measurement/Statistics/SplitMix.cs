namespace TokenFactory.Measurement.Statistics;

/// <summary>A small random generator that gives the same draws on every machine and costs nothing to seed per request.</summary>
/// <remarks>SplitMix64: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.</remarks>
internal struct SplitMix(ulong seed, ulong stream)
{
    private ulong _state = Mix(seed + 0x9E3779B97F4A7C15) ^ Mix((stream * 0xD1342543DE82EF95) + 1);

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        return Mix(_state);
    }

    /// <summary>A number from 0 up to, not including, a bound.</summary>
    public int Below(int bound) => (int)(((UInt128)Next() * (ulong)bound) >> 64);

    /// <summary>A number above 0 and up to 1.</summary>
    public double Unit() => ((Next() >> 11) + 1) * (1.0 / (1UL << 53));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
