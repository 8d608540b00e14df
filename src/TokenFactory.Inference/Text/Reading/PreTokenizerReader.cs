using System.Text.Json;
using TokenFactory.Inference.Text.Characters;
using TokenFactory.Inference.Text.Patterns;
using TokenFactory.Inference.Text.Pipeline;

namespace TokenFactory.Inference.Text.Reading;

/// <summary>Reads the <c>pre_tokenizer</c> of a tokenizer.json.</summary>
internal static class PreTokenizerReader
{
    public static PreTokenizer Read(JsonElement element)
    {
        string type = element.Required("type").Text("type");
        return type switch
        {
            "Sequence" => new SequencePreTokenizer([.. element.Required("pretokenizers").Items("pretokenizers").Select(Read).SelectMany(Flatten)]),
            "ByteLevel" => new ByteLevelPreTokenizer(element.Flag("add_prefix_space", true), element.Flag("use_regex", true), mapBytes: true),
            "Split" => ReadSplit(element),
            "Digits" => On(CharacterClasses.Numeric, element.Flag("individual_digits", false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous),
            "Punctuation" => On(CharacterClasses.BertPunctuation, element.TextOrNull("behavior") is { } behavior ? Behavior(behavior) : SplitBehavior.Isolated),
            "Whitespace" => new SplitPreTokenizer(new SplitRule(WordsAndSymbols(), SplitBehavior.Removed, invert: true)),
            "WhitespaceSplit" => On(CharacterClasses.Space, SplitBehavior.Removed),
            "BertPreTokenizer" => new SequencePreTokenizer([On(CharacterClasses.Space, SplitBehavior.Removed), On(CharacterClasses.BertPunctuation, SplitBehavior.Isolated)]),
            "CharDelimiterSplit" => new SplitPreTokenizer(new SplitRule(element.Required("delimiter").Text("delimiter"), SplitBehavior.Removed, invert: false)),
            "Metaspace" => ReadMetaspace(element),
            "FixedLength" => ReadFixed(element),
            _ => throw TokenizerException.Unsupported($"the pre-tokenizer '{type}'"),
        };
    }

    public static PrependScheme Scheme(JsonElement element) => element.TextOrNull("prepend_scheme") switch
    {
        "always" => PrependScheme.Always,
        "first" => PrependScheme.First,
        "never" => PrependScheme.Never,
        null => element.Flag("add_prefix_space", true) ? PrependScheme.Always : PrependScheme.Never,
        string other => throw new FormatException($"'prepend_scheme' is '{other}', not always, first or never"),
    };

    private static IEnumerable<PreTokenizer> Flatten(PreTokenizer stage) => stage is SequencePreTokenizer sequence ? sequence.Stages : [stage];

    private static SplitPreTokenizer On(CodePointSet set, SplitBehavior behavior) => new(new SplitRule(set, behavior));

    // \w+|[^\w\s]+ by the rules of Rust's regex crate, whose word characters are not Oniguruma's.
    private static TokenPattern WordsAndSymbols() => TokenPattern.Runs(
        CharacterClasses.RustWord, CodePointSet.Union(CharacterClasses.RustWord, CharacterClasses.Space).Complement());

    private static SplitBehavior Behavior(string name) => name switch
    {
        "Removed" or "removed" => SplitBehavior.Removed,
        "Isolated" or "isolated" => SplitBehavior.Isolated,
        "MergedWithPrevious" or "merged_with_previous" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" or "merged_with_next" => SplitBehavior.MergedWithNext,
        "Contiguous" or "contiguous" => SplitBehavior.Contiguous,
        _ => throw new FormatException($"'{name}' is not a split behavior"),
    };

    private static SplitPreTokenizer ReadSplit(JsonElement element)
    {
        JsonElement pattern = element.Required("pattern");
        SplitBehavior behavior = Behavior(element.Required("behavior").Text("behavior"));
        bool invert = element.Flag("invert", false);
        string? literal = pattern.ValueKind == JsonValueKind.String ? pattern.GetString() : pattern.TextOrNull("String");
        return new SplitPreTokenizer(literal is { Length: > 0 }
            ? new SplitRule(literal, behavior, invert)
            : new SplitRule(literal is not null ? TokenPattern.Literal("") : TokenPattern.Parse(pattern.Required("Regex").Text("Regex")), behavior, invert));
    }

    private static MetaspacePreTokenizer ReadMetaspace(JsonElement element) =>
        new(element.Character("replacement", '\u2581'), Scheme(element), element.Flag("split", true));

    private static FixedLengthPreTokenizer ReadFixed(JsonElement element)
    {
        int length = element.Field("length")?.Number("length") ?? 5;
        return length > 0 ? new FixedLengthPreTokenizer(length) : throw new FormatException("'length' is not above 0");
    }
}
