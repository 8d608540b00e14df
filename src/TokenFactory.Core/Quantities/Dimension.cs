using System.Text.RegularExpressions;

namespace TokenFactory.Core.Quantities;

/// <summary>A kind of quantity with the units a person may write it in. The base unit is named by each instance.</summary>
public sealed class Dimension
{
    private const string Currency = "¤";
    private static readonly Unit[] s_money = [.. Unit.Si(Currency, "kMGT")];
    private static readonly Unit[] s_tokens =
    [
        .. Unit.Si("tok", "kMGT"), .. Unit.Si("token", "kMGT"), .. Unit.Si("tokens", "kMGT"),
    ];

    private readonly Dictionary<string, UnitFactor> _units = new(StringComparer.Ordinal);

    private Dimension(string name, string wants, IEnumerable<Unit> units, params IEnumerable<Unit>[] denominators)
    {
        Name = name;
        Wants = wants;
        Unit[] numerators = [.. units];
        HasCurrency = numerators.Any(u => u.Text.Contains(Currency, StringComparison.Ordinal));
        UnitOptional = numerators.Any(u => u.Text.Length == 0);
        IEnumerable<Unit> all = numerators;
        IEnumerable<Unit> natural = numerators;
        UnitPattern = Alternation(numerators);
        foreach (IEnumerable<Unit> denominator in denominators)
        {
            Unit[] per = [.. denominator];
            all = [.. all.SelectMany(n => per.Select(d => new Unit(n.Text + "/" + d.Text, n.Value * d.Value)))];
            natural = [.. natural.Select(n => new Unit(n.Text + "/" + per[0].Text, n.Value * per[0].Value))];
            UnitPattern += " ?/ ?" + Alternation(per);
        }

        foreach (Unit unit in all)
        {
            _units.TryAdd(unit.Text, unit.Value);
        }

        Scales = [.. natural.Where(u => u.Value.Factor == 1).Select(u => (u.Text, u.Value.Exponent))
            .GroupBy(u => u.Exponent).Select(g => g.First()).OrderBy(u => u.Exponent)];
    }

    /// <summary>Power; base W.</summary>
    public static Dimension Power { get; } = new("power", "W, kW, MW or GW", Unit.Si("W", "kMGT"));

    /// <summary>Energy; base J.</summary>
    public static Dimension Energy { get; } = new("energy", "J, kJ, Wh, kWh, MWh or GWh",
        [.. Unit.Si("J", "mkMGTP"), .. Unit.Si("Wh", "kMGT", 0, 3600)]);

    /// <summary>Price of energy; base money per kWh.</summary>
    public static Dimension EnergyPrice { get; } = new("energy price", "money per kWh or MWh, such as 0.07 USD/kWh",
        s_money, Unit.PerSi("Wh", "kMG", 3).OrderBy(u => u.Text != "kWh"));

    /// <summary>Money; base one unit of the currency.</summary>
    public static Dimension Money { get; } = new("money", "money, such as 126 kUSD", s_money);

    /// <summary>Money for capacity of power; base money per MW.</summary>
    public static Dimension MoneyPerMegawatt { get; } = new("money per power", "money per kW, MW or GW, such as 12 MUSD/MW",
        s_money, Unit.PerSi("W", "kMG", 6).OrderBy(u => u.Text != "MW"));

    /// <summary>Money over long times; base money per year of 8,760 h.</summary>
    public static Dimension MoneyPerYear { get; } = new("money per year", "money per year, month or day, such as 12 MUSD/year",
        s_money, Unit.PerTimes(Unit.Year, Unit.Hour).OrderBy(u => u.Text != "year"));

    /// <summary>Rent; base money per hour.</summary>
    public static Dimension MoneyPerHour { get; } = new("money per hour", "money per hour, day, month or year, such as 3.30 USD/h",
        s_money, Unit.PerTimes(Unit.Hour, Unit.Hour).OrderBy(u => u.Text != "h"));

    /// <summary>Price of tokens; base money per million tokens.</summary>
    public static Dimension MoneyPerMillionTokens { get; } = new("price of tokens", "money per tok, ktok, Mtok or Gtok, such as 45 USD/Mtok",
        s_money, [.. Unit.PerSi("tok", "MkGT", 6).OrderBy(u => u.Text != "Mtok"), .. Unit.PerSi("tokens", "MkGT", 6), .. Unit.PerSi("token", "MkGT", 6)]);

    /// <summary>Tokens; base one token; the unit may be absent.</summary>
    public static Dimension Tokens { get; } = new("token count", "a number of tokens, such as 4096, 128k or 128Ki",
        [.. Unit.Si("", "kMGT"), .. Unit.Binary(""), .. s_tokens, .. Unit.Si(" tokens", "kMGT"), .. Unit.Si(" tok", "kMGT"), .. Unit.Binary("tok")]);

    /// <summary>Volume of tokens; base tokens per day.</summary>
    public static Dimension TokensPerDay { get; } = new("token volume", "tokens over time, such as 8 Ttok/day or 500 tok/s",
        s_tokens, Unit.PerTimes(Unit.Day).OrderBy(u => u.Text != "day"));

    /// <summary>Throughput without saying of what; base tokens per second.</summary>
    public static Dimension TokensPerSecond { get; } = new("throughput", "tokens over time, such as 1850 tok/s",
        s_tokens, Unit.PerTimes(1));

    /// <summary>Throughput of one accelerator; base tokens per second and accelerator.</summary>
    public static Dimension TokensPerSecondPerAccelerator { get; } = new("throughput", "tok/s/accelerator, such as 1850 tok/s/accelerator",
        s_tokens, Unit.PerTimes(1), Per("accelerator", "gpu", "GPU"));

    /// <summary>Interactivity; base tokens per second and user.</summary>
    public static Dimension TokensPerSecondPerUser { get; } = new("interactivity", "tok/s/user, such as 100 tok/s/user",
        s_tokens, Unit.PerTimes(1), Per("user"));

    /// <summary>Data; base bytes.</summary>
    public static Dimension Data { get; } = new("data", "B, kB, MB, GB, TB or KiB, MiB, GiB, TiB", [.. Unit.Si("B", "kMGTP"), .. Unit.Binary("B")]);

    /// <summary>Bandwidth; base bytes per second.</summary>
    public static Dimension Bandwidth { get; } = new("bandwidth", "data per second, such as 3.35 TB/s",
        [.. Unit.Si("B", "kMGTP"), .. Unit.Binary("B")], Unit.PerTimes(1).Where(u => u.Text == "s"));

    /// <summary>Arithmetic; base operations per second.</summary>
    public static Dimension Operations { get; } = new("arithmetic", "TFLOPS or TOPS, such as 989 TFLOPS",
        [.. Unit.Si("FLOPS", "kMGTPE"), .. Unit.Si("OPS", "kMGTPE"), .. Unit.Si("FLOP/s", "kMGTPE"), .. Unit.Si("OP/s", "kMGTPE")]);

    /// <summary>A time; base seconds.</summary>
    public static Dimension Duration { get; } = new("time", "ms, s, min, h, days, months or years", Unit.Times(1).OrderBy(u => u.Text != "s"));

    /// <summary>A long time; base years of 8,760 h.</summary>
    public static Dimension Years { get; } = new("time", "days, months or years, such as 5 years",
        Unit.Times(Unit.Year, Unit.Day).OrderBy(u => u.Text != "years"));

    /// <summary>A period of whole months; base months.</summary>
    public static Dimension Months { get; } = new("period", "months, quarters or years, such as 3 months",
        Unit.Times(Unit.Year / 12, Unit.Year / 12).OrderBy(u => u.Text != "months"));

    /// <summary>A share or rate; base 1; <c>75 %</c> or <c>0.75</c>.</summary>
    public static Dimension Ratio { get; } = new("ratio", "a percentage such as 75 %, or a number such as 0.75",
        [new Unit("", new UnitFactor(0, 1)), new Unit("%", new UnitFactor(-2, 1))]);

    /// <summary>A bare factor; base 1; <c>1.15</c> or <c>3 x</c>.</summary>
    public static Dimension Factor { get; } = new("factor", "a number, such as 1.15",
        [new Unit("", new UnitFactor(0, 1)), new Unit("x", new UnitFactor(0, 1)), new Unit("×", new UnitFactor(0, 1))]);

    /// <summary>Every kind of quantity.</summary>
    public static IReadOnlyList<Dimension> All { get; } =
    [
        Power, Energy, EnergyPrice, Money, MoneyPerMegawatt, MoneyPerYear, MoneyPerHour, MoneyPerMillionTokens, Tokens, TokensPerDay,
        TokensPerSecond, TokensPerSecondPerAccelerator, TokensPerSecondPerUser, Data, Bandwidth, Operations, Duration, Years, Months, Ratio, Factor,
    ];

    /// <summary>Its name in errors.</summary>
    public string Name { get; }

    /// <summary>The units it wants, in words.</summary>
    public string Wants { get; }

    /// <summary>True when its units contain a currency code.</summary>
    public bool HasCurrency { get; }

    /// <summary>True when a bare number means the base unit.</summary>
    public bool UnitOptional { get; }

    /// <summary>Units as an ECMAScript regular expression without anchors or groups that capture.</summary>
    internal string UnitPattern { get; }

    /// <summary>The units to write it in: the base unit with SI prefixes, by rising exponent.</summary>
    internal IReadOnlyList<(string Text, int Exponent)> Scales { get; }

    /// <summary>Every unit as it may be written, with <c>¤</c> for a currency code.</summary>
    internal IReadOnlyCollection<string> Units => _units.Keys;

    /// <inheritdoc/>
    public override string ToString() => Name;

    internal bool TryGetUnit(string text, out UnitFactor factor) => _units.TryGetValue(text, out factor);

    private static Unit[] Per(params string[] names) => [.. names.Select(n => new Unit(n, new UnitFactor(0, 1)))];

    private static string Alternation(IEnumerable<Unit> units) => "(?:" + string.Join('|', units
        .Select(u => u.Text)
        .OrderByDescending(t => t.Length).ThenBy(t => t, StringComparer.Ordinal)
        .Select(t => Regex.Escape(t).Replace("\\ ", " ", StringComparison.Ordinal).Replace(Currency, "[A-Z]{3}", StringComparison.Ordinal))) + ")";
}
