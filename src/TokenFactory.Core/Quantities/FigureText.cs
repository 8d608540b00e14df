using System.Globalization;

namespace TokenFactory.Core.Quantities;

/// <summary>Formats figures for people: scaled, with a unit, the same in every culture.</summary>
/// <remarks>Null and what is not finite give <c>-</c>: a figure that is not there.</remarks>
public static class FigureText
{
    private static readonly string[] s_large = ["", "k", "M", "G", "T", "P", "E"];
    private static readonly string[] s_binary = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    private static readonly Dictionary<string, string> s_symbols = new(StringComparer.OrdinalIgnoreCase)
    {
        ["USD"] = "$",
        ["EUR"] = "€",
        ["GBP"] = "£",
        ["JPY"] = "¥",
    };

    /// <summary>Three significant digits with an SI prefix: <c>1.2 GW</c>, <c>350 tok/s</c>.</summary>
    /// <param name="value">The number in base units.</param>
    /// <param name="unit">The base unit; empty for a bare count.</param>
    public static string Si(double? value, string unit = "")
    {
        if (Number(value) is not { } number)
        {
            return "-";
        }

        if (unit.Length == 0 && Math.Abs(number) < 1000 && number == Math.Truncate(number))
        {
            return number.ToString("0", CultureInfo.InvariantCulture); // a count is whole: 24, not 24.0
        }

        int step = 0;
        double scaled = number;
        while (step < s_large.Length - 1 && Math.Abs(double.Parse(Digits(scaled), CultureInfo.InvariantCulture)) >= 1000)
        {
            scaled /= 1000;
            step++;
        }

        string suffix = s_large[step] + unit;
        return suffix.Length == 0 ? Digits(scaled) : $"{Digits(scaled)} {suffix}";
    }

    /// <summary>Money with its symbol or code: <c>$0.42</c>, <c>$1.2 M</c>, <c>CHF 3.10</c>.</summary>
    /// <param name="value">The amount.</param>
    /// <param name="currency">ISO 4217 code; null is none.</param>
    public static string Money(double? value, string? currency = "USD") => Amount(value, currency, 0.1);

    /// <summary>Money for one of something small, with three significant digits below 1: <c>$0.123</c>, <c>$4.35</c>.</summary>
    /// <param name="value">The amount.</param>
    /// <param name="currency">ISO 4217 code; null is none.</param>
    public static string UnitPrice(double? value, string? currency = "USD") => Amount(value, currency, 1);

    private static string Amount(double? value, string? currency, double digitsBelow)
    {
        if (Number(value) is not { } number)
        {
            return "-";
        }

        string prefix = currency is null or "" ? "" : s_symbols.TryGetValue(currency, out string? symbol) ? symbol : currency.ToUpperInvariant() + " ";
        string sign = number < 0 ? "-" : "";
        double amount = Math.Abs(number);
        string text = amount switch
        {
            0 => "0",
            _ when amount < digitsBelow => Cents(Digits(amount)),
            < 99_999.5 => amount.ToString("#,##0.00", CultureInfo.InvariantCulture),
            _ => Si(amount),
        };
        return sign + prefix + text;
    }

    // Money has at least two decimals: $0.30, not $0.3.
    private static string Cents(string digits) =>
        digits.IndexOf('.', StringComparison.Ordinal) is var point && point < 0 ? digits + ".00" : digits.PadRight(point + 3, '0');

    /// <summary>A duration: <c>850 µs</c>, <c>20 ms</c>, <c>3.2 s</c>, <c>4.0 min</c>, <c>2.5 h</c>, <c>12 d</c>.</summary>
    /// <param name="seconds">Seconds.</param>
    public static string Duration(double? seconds)
    {
        if (Number(seconds) is not { } number)
        {
            return "-";
        }

        return Math.Abs(number) switch
        {
            0 => "0 s",
            < 1e-6 => $"{Digits(number * 1e9)} ns",
            < 1e-3 => $"{Digits(number * 1e6)} µs",
            < 1 => $"{Digits(number * 1e3)} ms",
            < 120 => $"{Digits(number)} s",
            < 7200 => $"{Digits(number / 60)} min",
            < 172_800 => $"{Digits(number / 3600)} h",
            _ => $"{Digits(number / 86_400)} d",
        };
    }

    /// <summary>A ratio as a percentage: <c>12.5 %</c>.</summary>
    /// <param name="ratio">The ratio; 1 is 100 %.</param>
    public static string Percent(double? ratio) => Number(ratio) is { } number ? $"{Digits(number * 100)} %" : "-";

    /// <summary>Bytes with a binary prefix: <c>8.4 MiB</c>.</summary>
    /// <param name="value">Bytes.</param>
    public static string Bytes(double? value)
    {
        if (Number(value) is not { } number)
        {
            return "-";
        }

        int step = 0;
        while (step < s_binary.Length - 1 && Math.Abs(number) >= 1024)
        {
            number /= 1024;
            step++;
        }

        return $"{Digits(number)} {s_binary[step]}";
    }

    private static double? Number(double? value) => value is { } number && double.IsFinite(number) ? number : null;

    // Three significant digits without an exponent.
    private static string Digits(double value)
    {
        double magnitude = Math.Abs(value);
        if (magnitude == 0)
        {
            return "0";
        }

        int before = (int)Math.Floor(Math.Log10(magnitude)) + 1;
        int decimals = Math.Clamp(3 - before, 0, 12);
        double rounded = decimals == 0 ? Math.Round(value) : Math.Round(value, decimals, MidpointRounding.AwayFromZero);
        return rounded.ToString(decimals is > 0 and <= 2 ? "F" + decimals : "0.############", CultureInfo.InvariantCulture);
    }
}
