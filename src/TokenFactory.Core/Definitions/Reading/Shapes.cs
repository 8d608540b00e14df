using System.Globalization;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Definitions.Reading;

/// <summary>The kinds of values that definitions are made of.</summary>
internal static class Shapes
{
    private const string Share = "(?:100(?:\\.0{0,9})?|[0-9]{1,2}(?:\\.[0-9]{0,20})?|\\.[0-9]{1,20}) {0,4}%|(?:1(?:\\.0{0,9})?|0?\\.[0-9]{1,20}|0)";

    /// <summary>A name: any text without line breaks and control characters that does not begin or end with a space; a number is taken as its text.</summary>
    public static ScalarShape Text(string wants = "a name") => new(wants, TakeText)
    {
        Pattern = "^[^\\s\\u0000-\\u001f\\u007f-\\u009f](?:[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]{0,198}[^\\s\\u0000-\\u001f\\u007f-\\u009f])?$",
        TakesNumber = true,
    };

    /// <summary>One of some words, in any case.</summary>
    public static ScalarShape Word(params string[] words) => new(Join(words), (string text, string _, out object? value) =>
    {
        value = text.ToLowerInvariant();
        return null;
    })
    {
        Pattern = "^(?:" + string.Join('|', words.Select(AnyCase)) + ")$",
        Choices = words,
    };

    /// <summary>A whole number.</summary>
    public static ScalarShape Count(string wants, long minimum = 0, long maximum = 1_000_000_000_000) => new(wants, (string text, string _, out object? value) =>
    {
        double number = QuantityParser.Parse(text, Dimension.Tokens);
        value = (long)number;
        return number >= minimum && number <= maximum ? null : $"wants {wants}; got {text}";
    })
    {
        Pattern = "^[0-9]{1,12} {0,4}[kM]$",
        TakesInteger = true,
        Minimum = minimum,
        Maximum = maximum,
    };

    public static ScalarShape Flag { get; } = new("true or false", (string text, string _, out object? value) =>
    {
        value = text is "true" or "True" or "TRUE";
        return null;
    })
    {
        TakesBoolean = true,
    };

    public static ScalarShape Date { get; } = new("a date such as 2027-01-31", (string text, string _, out object? value) =>
    {
        bool valid = DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly date);
        value = date;
        return valid ? null : $"is no day of the calendar: '{text}'";
    })
    {
        Pattern = "^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$",
    };

    public static ScalarShape Currency { get; } = new("an ISO currency code such as USD or EUR", TakeText) { Pattern = "^[A-Z]{3}$" };

    /// <summary>Growth over time; may be a range.</summary>
    public static ChoiceShape Growth { get; } = Ranged(
        new ScalarShape("growth over time such as 12 %/month or 10000 x/2 years", (string text, string _, out object? value) =>
        {
            bool valid = GrowthRate.TryParse(text, out GrowthRate rate, out string? error);
            value = rate;
            return valid ? null : error;
        })
        {
            Pattern = $"^{GrowthRate.Pattern}$",
        },
        "growthRange");

    /// <summary>A single value of a dimension, not below zero.</summary>
    public static ScalarShape Single(Dimension dimension, bool positive = false, double minimum = 0) =>
        Quantity(dimension, positive, minimum, Value(dimension), ranged: false);

    /// <summary>A value of a dimension that may be a range, not below zero.</summary>
    public static ChoiceShape Ranged(Dimension dimension, bool positive = false, double minimum = 0) =>
        Ranged(Quantity(dimension, positive, minimum, Value(dimension), ranged: true), Camel(dimension.Name) + (minimum > 0 ? $"From{minimum:0}" : positive ? "Positive" : "") + "Range");

    /// <summary>A share from 0 to 100 %.</summary>
    public static ScalarShape SingleShare(bool positive = false) => Quantity(Dimension.Ratio, positive, 0, $"(?:{Share})", ranged: false, maximum: 1);

    /// <summary>A share from 0 to 100 % that may be a range.</summary>
    public static ChoiceShape RangedShare(bool positive = false) =>
        Ranged(Quantity(Dimension.Ratio, positive, 0, $"(?:{Share})", ranged: true, maximum: 1), positive ? "positiveShareRange" : "shareRange");

    private static string? TakeText(string text, string currency, out object? value)
    {
        value = text;
        return null;
    }

    private static ScalarShape Quantity(Dimension dimension, bool positive, double minimum, string pattern, bool ranged, double maximum = 1e18)
    {
        string above = positive ? "(?=[0.]{0,81}[1-9])" : "";
        string value = above + pattern;
        string range = ranged
            ? $"(?:(?: {{0,4}}{QuantityParser.SpreadPattern} {{0,4}}(?:{QuantityParser.NumberPattern} {{0,4}}%|{pattern})| {{1,4}}to {{1,4}}{pattern}))?"
            : "";
        return new ScalarShape(dimension.Wants, (string text, string currency, out object? result) => Read(text, dimension, currency, minimum, maximum, out result))
        {
            Pattern = $"^{value}{range}$",
            TakesNumber = dimension.UnitOptional,
            Minimum = minimum,
            Maximum = maximum,
            ExclusiveMinimum = positive && minimum == 0,
            Dimension = dimension,
        };
    }

    private static string? Read(string text, Dimension dimension, string currency, double minimum, double maximum, out object? result)
    {
        bool valid = QuantityParser.TryParse(text, dimension, out Estimate value, out string? found, out string? error);
        result = value;
        return !valid ? error
            : found is not null && found != currency ? $"is in {found}, but the definition's currency is {currency}: convert it, or set currency: {found}"
            : maximum == 1 && value.High > 1 ? $"goes above 100 %; got '{text}'"
            : value.Low < minimum ? $"goes below {minimum.ToString(CultureInfo.InvariantCulture)}; got '{text}'"
            : null;
    }

    private static string Value(Dimension dimension) =>
        QuantityParser.NumberPattern + " {0,4}" + dimension.UnitPattern + (dimension.UnitOptional ? "?" : "");

    private static ChoiceShape Ranged(ScalarShape scalar, string name)
    {
        ScalarShape end = scalar.Dimension is { } d && scalar.Maximum != 1 ? Single(d, scalar.ExclusiveMinimum, scalar.Minimum)
            : scalar.Dimension is null ? scalar : SingleShare(scalar.ExclusiveMinimum);
        RecordShape range = new(name,
        [
            new Key("low", end, "The lowest value.", Required: true),
            new Key("mode", end, "The most likely value; without it every value is as likely."),
            new Key("high", end, "The highest value.", Required: true),
        ])
        {
            Convert = ToRange,
        };
        return new ChoiceShape(scalar, range, null);
    }

    private static object? ToRange(RecordValue range)
    {
        if (range["low"]?.Value is GrowthRate low && range["high"]?.Value is GrowthRate high)
        {
            GrowthRate? mode = range.Get<GrowthRate>("mode");
            double period = mode?.PeriodYears ?? low.PeriodYears;
            double from = low.After(period);
            double to = high.After(period);
            return new GrowthRate(mode is { } m ? Estimate.Triangular(from, m.Factor, to) : Estimate.Uniform(from, to), period);
        }

        return range.Number("low") is { } least && range.Number("high") is { } most
            ? range.Number("mode") is { } likely ? Estimate.Triangular(least, likely, most) : Estimate.Uniform(least, most)
            : null;
    }

    private static string AnyCase(string word) => string.Concat(word.Select(c =>
        char.IsAsciiLetter(c) ? $"[{char.ToLowerInvariant(c)}{char.ToUpperInvariant(c)}]" : c.ToString()));

    private static string Join(string[] words) => words.Length == 1 ? words[0] : $"{string.Join(", ", words[..^1])} or {words[^1]}";

    private static string Camel(string name)
    {
        string[] words = name.Split(' ');
        return words[0] + string.Concat(words[1..].Select(w => char.ToUpperInvariant(w[0]) + w[1..]));
    }
}
