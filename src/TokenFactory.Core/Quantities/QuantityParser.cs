using System.Globalization;
using System.Text.RegularExpressions;

namespace TokenFactory.Core.Quantities;

/// <summary>Reads quantities as people write them: <c>1 GW</c>, <c>0.07 USD/kWh</c>, <c>128k</c>, <c>80 kUSD ± 10 %</c>, <c>70 kUSD to 90 kUSD</c>.</summary>
/// <remarks>
/// The decimal point is a point, whatever the culture. A number in a unit that is a power of ten of the base unit becomes the
/// nearest double of the base value. <c>± 10 %</c> is relative to the value, also where the value is a percentage itself.
/// </remarks>
public static partial class QuantityParser
{
    /// <summary>A number as an ECMAScript regular expression. Its length is bounded so that no number overflows.</summary>
    internal const string NumberPattern = "(?:[0-9]{1,40}(?:\\.[0-9]{0,40})?|\\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,2})?";

    /// <summary>What separates a value from its spread.</summary>
    internal const string SpreadPattern = "(?:±|\\+/-|\\+-)";

    /// <summary>Reads a quantity that may be a range.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="dimension">The kind of quantity that is wanted.</param>
    /// <param name="currency">The currency that is wanted; null takes any.</param>
    /// <returns>The quantity in the dimension's base unit.</returns>
    /// <exception cref="QuantityException">It is none: the message says which units are wanted.</exception>
    public static Estimate Parse(string text, Dimension dimension, string? currency = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(dimension);
        return TryParse(text, dimension, out Estimate value, out string? found, out string? error)
            ? currency is null || found is null || found == currency
                ? value
                : throw new QuantityException($"'{text}' is in {found}; {currency} is wanted.", text)
            : throw new QuantityException($"{dimension.Name} {error}", text);
    }

    /// <summary>Reads a quantity that may be a range, without throwing.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="dimension">The kind of quantity that is wanted.</param>
    /// <param name="value">The quantity in the dimension's base unit.</param>
    /// <param name="currency">The currency it is in; null when the dimension has none.</param>
    /// <param name="error">When false: a clause that follows the quantity's name, such as <c>wants W, kW, MW or GW; got '3 kWh'</c>.</param>
    public static bool TryParse(string text, Dimension dimension, out Estimate value, out string? currency, out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(dimension);
        value = default;
        currency = null;
        string trimmed = text.Trim();
        Match triangle = TriangularRegex().Match(trimmed);
        if (triangle.Success)
        {
            return TryTriangle(triangle, dimension, out value, out currency, out error);
        }

        Match split = RangeRegex().Match(trimmed);
        if (!split.Success)
        {
            bool single = TryNumber(trimmed, dimension, out double number, out currency, out error);
            value = number;
            return single;
        }

        string second = split.Groups[3].Value;
        if (!TryNumber(split.Groups[1].Value, dimension, out double first, out currency, out error))
        {
            return false;
        }

        bool to = split.Groups[2].Value == "to";
        if (!to && PercentRegex().Match(second) is { Success: true } percent)
        {
            double share = double.Parse(percent.Groups[1].Value, CultureInfo.InvariantCulture) / 100;
            value = new Estimate(first, first * (1 - share), first * (1 + share), EstimateShape.Uniform);
            return true;
        }

        if (!TryNumber(second, dimension, out double other, out string? otherCurrency, out error))
        {
            return false;
        }

        if (otherCurrency != currency)
        {
            error = $"mixes {currency} and {otherCurrency} in '{trimmed}'";
            return false;
        }

        if (to && other < first)
        {
            error = $"wants the lower end first; got '{trimmed}'";
            return false;
        }

        value = to ? Estimate.Uniform(first, other) : new Estimate(first, first - other, first + other, EstimateShape.Uniform);
        return true;
    }

    private static bool TryTriangle(Match match, Dimension dimension, out Estimate value, out string? currency, out string? error)
    {
        value = default;
        double[] ends = new double[3];
        currency = null;
        error = null;
        for (int i = 0; i < 3; i++)
        {
            if (!TryNumber(match.Groups[i + 1].Value, dimension, out ends[i], out string? found, out error))
            {
                return false;
            }

            if (i > 0 && (found != currency || ends[i] < ends[i - 1]))
            {
                error = $"wants low, mode and high in rising order and one currency; got '{match.Value}'";
                return false;
            }

            currency = found;
        }

        value = Estimate.Triangular(ends[0], ends[1], ends[2]);
        return true;
    }

    private static bool TryNumber(string text, Dimension dimension, out double value, out string? currency, out string? error)
    {
        value = 0;
        currency = null;
        error = null;
        Match match = NumberRegex().Match(text);
        string unit = match.Success ? text[match.Length..].Trim() : "";
        if (!match.Success)
        {
            error = $"wants {dimension.Wants}; got '{Shorten(text)}'";
            return false;
        }

        if (GroupedRegex().IsMatch(text))
        {
            error = $"wants a decimal point and no separators, such as 1234.5; got '{Shorten(text)}'";
            return false;
        }

        unit = StrokeRegex().Replace(unit, "/");
        if (dimension.HasCurrency)
        {
            Match money = CurrencyRegex().Match(unit);
            if (money.Success)
            {
                currency = money.Groups[2].Value;
                unit = string.Concat(money.Groups[1].Value, "¤", unit.AsSpan(money.Length));
            }
        }

        if (!dimension.TryGetUnit(unit, out UnitFactor factor))
        {
            currency = null;
            error = unit.Length == 0
                ? $"wants a unit: {dimension.Wants}; got '{Shorten(text)}'"
                : $"wants {dimension.Wants}; got '{Shorten(text)}'{Suggestion(unit, dimension)}";
            return false;
        }

        value = Scale(match.Value, factor);
        if (!double.IsFinite(value))
        {
            error = $"is beyond what a number can hold; got '{Shorten(text)}'";
            return false;
        }

        return true;
    }

    // The exponent goes into the text so that the result is the nearest double of the written decimal value.
    private static double Scale(string number, UnitFactor factor)
    {
        int e = number.IndexOfAny(['e', 'E']);
        int exponent = factor.Exponent + (e < 0 ? 0 : int.Parse(number.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
        string mantissa = e < 0 ? number : number[..e];
        double value = double.Parse(string.Create(CultureInfo.InvariantCulture, $"{mantissa}e{exponent}"), NumberStyles.Float, CultureInfo.InvariantCulture);
        return value * factor.Factor;
    }

    private static string Suggestion(string unit, Dimension dimension)
    {
        string? same = dimension.Units.FirstOrDefault(u => string.Equals(u, unit, StringComparison.OrdinalIgnoreCase));
        return same is null || same.Contains('¤', StringComparison.Ordinal) ? "" : $" (did you mean {same}?)";
    }

    private static string Shorten(string text) => text.Length <= 60 ? text : string.Concat(text.AsSpan(0, 57), "...");

    [GeneratedRegex(@"^[-+]?" + NumberPattern)]
    private static partial Regex NumberRegex();

    [GeneratedRegex(@"^[-+]?[0-9][0-9.]*[,'_][0-9]")]
    private static partial Regex GroupedRegex();

    [GeneratedRegex(@" ?/ ?")]
    private static partial Regex StrokeRegex();

    [GeneratedRegex(@"^([kMGT]?)([A-Z]{3})(?=/|$)")]
    private static partial Regex CurrencyRegex();

    [GeneratedRegex(@"^(" + NumberPattern + @") {0,4}%$")]
    private static partial Regex PercentRegex();

    [GeneratedRegex(@"^(\S.*?) *(" + SpreadPattern + @"|(?<= )to(?= )) *(\S.*)$")]
    private static partial Regex RangeRegex();

    [GeneratedRegex(@"^\{ low: ([^,}]+), mode: ([^,}]+), high: ([^,}]+) \}$")]
    private static partial Regex TriangularRegex();
}
