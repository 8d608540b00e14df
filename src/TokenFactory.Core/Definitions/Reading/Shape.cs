using System.Text.RegularExpressions;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Definitions.Reading;

/// <summary>What a place in a definition takes. One description drives the reader, the JSON schema and the key tables.</summary>
internal abstract record Shape
{
    /// <summary>What is wanted, in words that follow "wants".</summary>
    public abstract string Wants { get; }
}

/// <summary>One value without keys of its own.</summary>
/// <remarks>
/// A text must match <see cref="Pattern"/>, a number lie in the limits; both stand in the schema word for word, so that the
/// reader and an editor cannot disagree. <see cref="Parse"/> succeeds on all that matches, or reports a mistake of meaning.
/// </remarks>
internal sealed record ScalarShape(string WantsText, ScalarParser Parse) : Shape
{
    private Regex? _regex;

    /// <summary>ECMAScript regular expression that a text matches; null when no text is taken.</summary>
    public string? Pattern { get; init; }

    public bool TakesNumber { get; init; }

    public bool TakesInteger { get; init; }

    public bool TakesBoolean { get; init; }

    public double Minimum { get; init; } = -1e18;

    public bool ExclusiveMinimum { get; init; }

    public double Maximum { get; init; } = 1e18;

    /// <summary>The kind of quantity; null when it is none.</summary>
    public Dimension? Dimension { get; init; }

    /// <summary>Values that an editor offers.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    public override string Wants => WantsText;

    public bool Matches(string text) =>
        Pattern is not null && (_regex ??= new Regex(Pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1))).IsMatch(text);
}

/// <summary>Reads a scalar that has the right form.</summary>
/// <param name="text">The scalar's text.</param>
/// <param name="currency">The definition's currency.</param>
/// <param name="value">What it means.</param>
/// <returns>Null, or a clause that says what is wrong.</returns>
internal delegate string? ScalarParser(string text, string currency, out object? value);

/// <summary>Keys with values.</summary>
/// <param name="Name">Its name in the schema.</param>
/// <param name="Keys">The keys it takes.</param>
internal sealed record RecordShape(string Name, IReadOnlyList<Key> Keys) : Shape
{
    /// <summary>Turns the record's values into one value; null leaves them as they are.</summary>
    public Func<RecordValue, object?>? Convert { get; init; }

    public override string Wants => $"keys such as {string.Join(", ", Keys.Take(4).Select(k => k.Name))}";

    public Key? Find(string name) => Keys.FirstOrDefault(k => k.Name == name);
}

/// <summary>A list.</summary>
internal sealed record ListShape(Shape Item, int MinItems = 0) : Shape
{
    public override string Wants => "a list";
}

/// <summary>A choice by the way it is written: a value, keys or a list.</summary>
internal sealed record ChoiceShape(ScalarShape? Scalar, RecordShape? Record, ListShape? List) : Shape
{
    public override string Wants => string.Join(", or ", new[] { Scalar?.Wants, Record?.Wants, List?.Wants }.OfType<string>());
}

/// <summary>A key of a record.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">What it takes.</param>
/// <param name="Description">What it means, for editors and the documentation.</param>
/// <param name="Required">True when the record is none without it.</param>
internal sealed record Key(string Name, Shape Value, string Description, bool Required = false);
