using System.Globalization;
using System.Text.RegularExpressions;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Definitions;

/// <summary>Compound growth: a factor each period, <c>12 %/month</c> is 1.12 each month, <c>10000 x/2 years</c> is 10,000 in two years.</summary>
/// <param name="Factor">Multiplies the quantity each period; above 0. May be a range.</param>
/// <param name="PeriodYears">Length of the period in years of 8,760 h.</param>
public readonly partial record struct GrowthRate(Estimate Factor, double PeriodYears)
{
    /// <summary>One growth rate as an ECMAScript regular expression without anchors.</summary>
    internal const string Pattern = "[-+]?" + QuantityParser.NumberPattern + " {0,4}[%x×] {0,4}/ {0,4}(?:" + QuantityParser.NumberPattern
        + " {0,4})?(?:d|days?|weeks?|months?|quarters?|y|yr|years?)";

    /// <summary>The factor after a time.</summary>
    /// <param name="years">Years since the start.</param>
    public double After(double years) => Math.Pow(Factor.Value, years / PeriodYears);

    /// <summary>Reads a growth rate.</summary>
    /// <param name="text">What was written, for example <c>-30 %/year</c>.</param>
    /// <exception cref="QuantityException">It is none.</exception>
    public static GrowthRate Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out GrowthRate rate, out string? error) ? rate : throw new QuantityException("growth " + error, text);
    }

    /// <summary>Reads a growth rate without throwing.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="rate">The growth rate.</param>
    /// <param name="error">When false: a clause that follows the quantity's name.</param>
    public static bool TryParse(string text, out GrowthRate rate, out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        rate = default;
        error = null;
        Match match = Syntax().Match(text.Trim());
        if (!match.Success)
        {
            error = $"wants growth over time, such as 12 %/month or 10000 x/2 years; got '{(text.Length > 60 ? text[..57] + "..." : text)}'";
            return false;
        }

        double number = double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        double factor = match.Groups[2].Value == "%" ? 1 + (number / 100) : number;
        string count = match.Groups[3].Value;
        double periods = count.Length == 0 ? 1 : double.Parse(count, CultureInfo.InvariantCulture);
        _ = Dimension.Years.TryGetUnit(match.Groups[4].Value, out UnitFactor unit);
        if (!(factor > 0) || !(periods > 0))
        {
            error = $"must leave more than nothing, over more than no time; got '{text}'";
            return false;
        }

        rate = new GrowthRate(factor, periods * unit.Factor);
        return true;
    }

    /// <summary>The rate as a definition has it: <c>1.12 x/month</c>, <c>10000 x/2 years</c>.</summary>
    public override string ToString()
    {
        double months = Math.Round(PeriodYears * 12, 9);
        (double count, string unit) = months % 12 == 0 ? (months / 12, "year") : months % 1 == 0 ? (months, "month") : (Math.Round(PeriodYears * 365, 9), "day");
        string period = count == 1 ? unit : string.Create(CultureInfo.InvariantCulture, $"{count:R} {unit}s");
        return string.Create(CultureInfo.InvariantCulture, $"{Factor.Value:R} x/{period}");
    }

    [GeneratedRegex("^([-+]?" + QuantityParser.NumberPattern + ") {0,4}([%x×]) {0,4}/ {0,4}(?:(" + QuantityParser.NumberPattern
        + ") {0,4})?(d|days?|weeks?|months?|quarters?|y|yr|years?)$")]
    private static partial Regex Syntax();
}
