using System.Globalization;
using System.Management.Automation;
using System.Text;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Tools;

/// <summary>Formats raw numbers for the table views: scaled, with a unit, the same in every culture.</summary>
/// <remarks>Every method takes any number or null; null, NaN and what is no number give <c>-</c>.</remarks>
public static class FormatHelpers
{
    /// <summary>Three significant digits with an SI prefix: <c>1.2 GW</c>, <c>350 tok/s</c>.</summary>
    /// <param name="value">The number in base units.</param>
    /// <param name="unit">The base unit; empty for a bare count.</param>
    public static string Si(object? value, string unit = "") => FigureText.Si(Number(value), unit);

    /// <summary>Money with its symbol or code: <c>$0.42</c>, <c>$1.2 M</c>, <c>CHF 3.10</c>.</summary>
    /// <param name="value">The amount.</param>
    /// <param name="currency">ISO 4217 code; null is none.</param>
    public static string Money(object? value, string? currency = "USD") => FigureText.Money(Number(value), currency);

    /// <summary>Money for one of something small, with three significant digits below 1: <c>$0.123</c>, <c>$4.35</c>.</summary>
    /// <param name="value">The amount.</param>
    /// <param name="currency">ISO 4217 code; null is none.</param>
    public static string UnitPrice(object? value, string? currency = "USD") => FigureText.UnitPrice(Number(value), currency);

    /// <summary>A duration: <c>850 µs</c>, <c>20 ms</c>, <c>3.2 s</c>, <c>4.0 min</c>, <c>2.5 h</c>, <c>12 d</c>.</summary>
    /// <param name="seconds">Seconds.</param>
    public static string Duration(object? seconds) => FigureText.Duration(Number(seconds));

    /// <summary>A ratio as a percentage: <c>12.5 %</c>.</summary>
    /// <param name="ratio">The ratio; 1 is 100 %.</param>
    public static string Percent(object? ratio) => FigureText.Percent(Number(ratio));

    /// <summary>Bytes with a binary prefix: <c>8.4 MiB</c>.</summary>
    /// <param name="value">Bytes.</param>
    public static string Bytes(object? value) => FigureText.Bytes(Number(value));

    /// <summary>Breaks a text into lines between its words: a table's own wrapping breaks inside them.</summary>
    /// <param name="text">The text; null gives <c>-</c>.</param>
    /// <param name="width">Most characters of a line; a longer word stays whole.</param>
    public static string Wrap(string? text, int width)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return "-";
        }

        var lines = new StringBuilder();
        int length = 0;
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (length > 0)
            {
                bool fits = length + 1 + word.Length <= width;
                lines.Append(fits ? ' ' : '\n');
                length = fits ? length + 1 : 0;
            }

            lines.Append(word);
            length += word.Length;
        }

        return lines.ToString();
    }

    private static double? Number(object? value)
    {
        object? inner = value is PSObject wrapped ? wrapped.BaseObject : value;
        double? number = inner switch
        {
            null => null,
            double d => d,
            float f => f,
            decimal m => (double)m,
            Estimate e => e.Value,
            byte or sbyte or short or ushort or int or uint or long or ulong => Convert.ToDouble(inner, CultureInfo.InvariantCulture),
            TimeSpan t => t.TotalSeconds,
            _ => null,
        };
        return number is { } n && double.IsFinite(n) ? n : null;
    }
}
