using System.Globalization;

namespace TokenFactory.Core.Quantities;

/// <summary>Writes quantities as a definition has them; what it writes, <see cref="QuantityParser"/> reads back to the same bits.</summary>
public static class QuantityFormatter
{
    /// <summary>Writes a quantity with the prefix that leaves one to three digits before the point, where there is one.</summary>
    /// <param name="value">The quantity in the dimension's base unit. A range is written as a range.</param>
    /// <param name="dimension">The kind of quantity.</param>
    /// <param name="currency">ISO code of the currency; needed where the dimension has one.</param>
    public static string Format(Estimate value, Dimension dimension, string currency = "USD")
    {
        ArgumentNullException.ThrowIfNull(dimension);
        switch (value.Shape)
        {
            case EstimateShape.Triangular:
                return $"{{ low: {Number(value.Low, dimension, currency)}, mode: {Number(value.Value, dimension, currency)}, high: {Number(value.High, dimension, currency)} }}";
            case EstimateShape.Uniform when !Estimate.Uniform(value.Low, value.High).Equals(value):
                // The middle was written, and rounding keeps it from being the ends' mean: the spread says all three.
                double percent = Math.Round((value.High / value.Value - 1) * 100, 9);
                string spread = $"{Number(value.Value, dimension, currency)} ± {percent.ToString("R", CultureInfo.InvariantCulture)} %";
                return QuantityParser.Parse(spread, dimension).Equals(value)
                    ? spread
                    : $"{Number(value.Low, dimension, currency)} to {Number(value.High, dimension, currency)}";
            case EstimateShape.Uniform:
                return $"{Number(value.Low, dimension, currency)} to {Number(value.High, dimension, currency)}";
            default:
                return Number(value.Value, dimension, currency);
        }
    }

    private static string Number(double value, Dimension dimension, string currency)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "A quantity is finite.");
        }

        // Shortest digits that read back to the same double, as 0.ddd × 10^point.
        (string digits, int point) = Digits(Math.Abs(value).ToString("R", CultureInfo.InvariantCulture));
        (string unit, int exponent) = Best(dimension, value == 0 ? 0 : point);
        string sign = value < 0 || (value == 0 && double.IsNegative(value)) ? "-" : "";
        string number = Place(digits, point - exponent);
        string spaced = unit.Length == 0 || (dimension == Dimension.Tokens && unit.Length == 1) || unit[0] == ' ' ? unit : " " + unit;
        return sign + number + spaced.Replace("¤", currency, StringComparison.Ordinal);
    }

    private static (string Digits, int Point) Digits(string text)
    {
        int e = text.IndexOf('E', StringComparison.Ordinal);
        int exponent = e < 0 ? 0 : int.Parse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string mantissa = e < 0 ? text : text[..e];
        int dot = mantissa.IndexOf('.', StringComparison.Ordinal);
        string digits = dot < 0 ? mantissa : mantissa.Remove(dot, 1);
        int point = (dot < 0 ? mantissa.Length : dot) + exponent;
        string stripped = digits.TrimStart('0');
        point -= digits.Length - stripped.Length;
        stripped = stripped.TrimEnd('0');
        return stripped.Length == 0 ? ("0", 1) : (stripped, point);
    }

    private static (string Unit, int Exponent) Best(Dimension dimension, int point)
    {
        if (dimension == Dimension.Ratio)
        {
            return ("%", -2);
        }

        (string Unit, int Exponent) best = dimension.Scales[0];
        foreach ((string unit, int exponent) in dimension.Scales.Where(s => point - s.Exponent >= 1))
        {
            best = (unit, exponent);
        }

        return best;
    }

    private static string Place(string digits, int point)
    {
        if (point is > 21 or < -6)
        {
            string rest = digits.Length > 1 ? "." + digits[1..] : "";
            return string.Create(CultureInfo.InvariantCulture, $"{digits[0]}{rest}e{point - 1}");
        }

        return point <= 0 ? "0." + new string('0', -point) + digits
            : point >= digits.Length ? digits + new string('0', point - digits.Length)
            : digits[..point] + "." + digits[point..];
    }
}
