namespace TokenFactory.Core.Quantities;

/// <summary>What a unit multiplies a number by to reach the base unit: 10^Exponent × Factor.</summary>
/// <param name="Exponent">Power of ten, kept apart so that <c>3.35 TB/s</c> is read as the nearest double of 3.35e12.</param>
/// <param name="Factor">What is no power of ten: 1024, 3600, 8760.</param>
internal readonly record struct UnitFactor(int Exponent, double Factor)
{
    public static UnitFactor operator *(UnitFactor a, UnitFactor b) => new(a.Exponent + b.Exponent, a.Factor * b.Factor);
}

/// <summary>A unit as it is written, with what it multiplies by.</summary>
/// <param name="Text">How it is written; <c>¤</c> stands for a currency code.</param>
/// <param name="Value">What it multiplies by.</param>
internal readonly record struct Unit(string Text, UnitFactor Value)
{
    /// <summary>The unit with SI prefixes: none and each letter of <paramref name="prefixes"/>.</summary>
    public static IEnumerable<Unit> Si(string symbol, string prefixes, int exponent = 0, double factor = 1) =>
        prefixes.Select(p => new Unit(p + symbol, new UnitFactor(exponent + Exponent(p), factor)))
            .Prepend(new Unit(symbol, new UnitFactor(exponent, factor)));

    /// <summary>The unit under a stroke, with SI prefixes: <c>/MWh</c> divides by a million watt-hours.</summary>
    public static IEnumerable<Unit> PerSi(string symbol, string prefixes, int exponent = 0) =>
        prefixes.Select(p => new Unit(p + symbol, new UnitFactor(exponent - Exponent(p), 1)))
            .Prepend(new Unit(symbol, new UnitFactor(exponent, 1)));

    /// <summary>The unit with binary prefixes Ki, Mi, Gi, Ti.</summary>
    public static IEnumerable<Unit> Binary(string symbol) =>
        "KMGT".Select((p, i) => new Unit($"{p}i{symbol}", new UnitFactor(0, Math.Pow(1024, i + 1))));

    /// <summary>Times as people write them, as multiples of one unit of time.</summary>
    /// <param name="baseSeconds">Seconds of the base unit.</param>
    /// <param name="from">The shortest unit that makes sense, seconds.</param>
    public static IEnumerable<Unit> Times(double baseSeconds, double from = 0) => s_times
        .Where(t => t.Seconds >= from)
        .SelectMany(t => t.Names.Select(n => new Unit(n, Scale(t.Seconds, baseSeconds))));

    /// <summary>Times under a stroke: <c>/h</c> when the base is per day multiplies by 24.</summary>
    /// <param name="baseSeconds">Seconds of the base unit.</param>
    /// <param name="from">The shortest unit that makes sense, seconds.</param>
    public static IEnumerable<Unit> PerTimes(double baseSeconds, double from = 1) => s_times
        .Where(t => t.Seconds >= from)
        .SelectMany(t => t.Names.Select(n => new Unit(n, Scale(baseSeconds, t.Seconds))));

    internal const double Hour = 3600;
    internal const double Day = 24 * Hour;
    internal const double Year = 8760 * Hour;

    private static readonly (double Seconds, string[] Names)[] s_times =
    [
        (1e-9, ["ns"]),
        (1e-6, ["us", "µs", "μs"]),
        (1e-3, ["ms"]),
        (1, ["s", "sec", "second", "seconds"]),
        (60, ["min", "minute", "minutes"]),
        (Hour, ["h", "hour", "hours"]),
        (Day, ["d", "day", "days"]),
        (7 * Day, ["week", "weeks"]),
        (Year / 12, ["month", "months"]),
        (Year / 4, ["quarter", "quarters"]),
        (Year, ["y", "yr", "year", "years"]),
    ];

    private static UnitFactor Scale(double numerator, double denominator)
    {
        // Sub-second units are powers of ten: keep them exact.
        int exponent = 0;
        while (numerator < 1)
        {
            numerator *= 1000;
            exponent -= 3;
        }

        return new UnitFactor(exponent, Math.Round(numerator, 6) / denominator);
    }

    private static int Exponent(char prefix) => prefix switch
    {
        'm' => -3,
        'k' => 3,
        'M' => 6,
        'G' => 9,
        'T' => 12,
        'P' => 15,
        'E' => 18,
        _ => throw new ArgumentOutOfRangeException(nameof(prefix)),
    };
}
