using System.Globalization;
using TokenFactory.Core;

namespace TokenFactory.Inference.Onnx;

/// <summary>Reads and writes parameter counts as the field does: <c>15M</c>, <c>1.5B</c>.</summary>
public static class ParameterCount
{
    /// <summary>Reads a count: a number with an optional K, M, B or T (thousand to trillion; G is B), any case, blanks allowed.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="TokenFactoryException"><c>InvalidParameterCount</c>.</exception>
    public static long Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string trimmed = text.Trim();
        double unit = trimmed.Length == 0 ? 1 : char.ToUpperInvariant(trimmed[^1]) switch { 'K' => 1e3, 'M' => 1e6, 'B' or 'G' => 1e9, 'T' => 1e12, _ => 1 };
        string number = unit == 1 ? trimmed : trimmed[..^1].TrimEnd();
        bool valid = double.TryParse(number, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double value);
        return valid && value * unit is >= DecoderShapes.Minimum and <= DecoderShapes.Maximum ? (long)Math.Round(value * unit)
            : throw new TokenFactoryException("InvalidParameterCount", FailureKind.InvalidInput,
                $"'{text}' is no parameter count. Give a number from {Format(DecoderShapes.Minimum)} to {Format(DecoderShapes.Maximum)}, such as 15M or 1.5B.", text);
    }

    /// <summary>Writes a count with three digits: <c>15.2M</c>, <c>1.54B</c>.</summary>
    /// <param name="count">The count.</param>
    public static string Format(long count)
    {
        (double value, string unit) = count switch { >= 1_000_000_000 => (count / 1e9, "B"), >= 1_000_000 => (count / 1e6, "M"), >= 1000 => (count / 1e3, "K"), _ => (count, "") };
        return value.ToString(value >= 100 ? "0" : value >= 10 ? "0.#" : "0.##", CultureInfo.InvariantCulture) + unit;
    }
}
