using System.Text.Json;
using TokenFactory.Inference.Text.Characters;
using TokenFactory.Inference.Text.Patterns;
using TokenFactory.Inference.Text.Pipeline;

namespace TokenFactory.Inference.Text.Reading;

/// <summary>Reads the <c>normalizer</c> of a tokenizer.json.</summary>
internal static class NormalizerReader
{
    private static readonly CodePointSet s_control =
        CodePointSet.Union(CharacterClasses.Other.Intersect(CodePointSet.FromPairs('\t', '\n', '\r', '\r').Complement()), CodePointSet.FromPairs(0, 0, 0xFFFD, 0xFFFD));

    private static readonly CodePointSet s_ideographs = CodePointSet.FromPairs(
        0x4E00, 0x9FFF, 0x3400, 0x4DBF, 0x20000, 0x2A6DF, 0x2A700, 0x2B73F, 0x2B740, 0x2B81F, 0x2B920, 0x2CEAF, 0xF900, 0xFAFF, 0x2F800, 0x2FA1F);

    private static readonly CodePointSet s_nmtDropped = CodePointSet.FromPairs(
        0x1, 0x8, 0xB, 0xB, 0xE, 0x1F, 0x7F, 0x7F, 0x8F, 0x8F, 0x9F, 0x9F);

    private static readonly CodePointSet s_nmtBlanks = CodePointSet.FromPairs(
        0x9, 0x9, 0xA, 0xA, 0xC, 0xC, 0xD, 0xD, 0x1680, 0x1680, 0x200B, 0x200F, 0x2028, 0x2029, 0x2581, 0x2581, 0xFEFF, 0xFEFF, 0xFFFD, 0xFFFD);

    public static Normalizer Read(JsonElement element)
    {
        string type = element.Required("type").Text("type");
        return type switch
        {
            "Sequence" => new SequenceNormalizer([.. element.Required("normalizers").Items("normalizers").Select(Read)]),
            "NFC" => new UnicodeNormalizer(compose: true, compatibility: false),
            "NFD" => new UnicodeNormalizer(compose: false, compatibility: false),
            "NFKC" => new UnicodeNormalizer(compose: true, compatibility: true),
            "NFKD" => new UnicodeNormalizer(compose: false, compatibility: true),
            "Lowercase" => new LowercaseNormalizer(),
            "StripAccents" => new DropNormalizer(CharacterClasses.Mark),
            "Strip" => new StripNormalizer(element.Flag("strip_left", true), element.Flag("strip_right", true)),
            "Prepend" => new PrependNormalizer(element.Required("prepend").Text("prepend")),
            "Replace" => new ReplaceNormalizer(ReadPattern(element.Required("pattern")), element.Required("content").Text("content")),
            "BertNormalizer" => ReadBert(element),
            "Nmt" => new CleanNormalizer(s_nmtDropped, s_nmtBlanks),
            "ByteLevel" => new ByteLevelNormalizer(),
            "Precompiled" => ReadPrecompiled(element),
            _ => throw TokenizerException.Unsupported($"the normalizer '{type}'"),
        };
    }

    public static TokenPattern ReadPattern(JsonElement pattern)
    {
        if (pattern.ValueKind == JsonValueKind.String)
        {
            return TokenPattern.Literal(pattern.GetString()!);
        }

        return pattern.TextOrNull("String") is { } text ? TokenPattern.Literal(text) : TokenPattern.Parse(pattern.Required("Regex").Text("Regex"));
    }

    private static SequenceNormalizer ReadBert(JsonElement element)
    {
        bool lowercase = element.Flag("lowercase", true);
        var stages = new List<Normalizer>();
        if (element.Flag("clean_text", true))
        {
            stages.Add(new CleanNormalizer(s_control, CharacterClasses.Space));
        }

        if (element.Flag("handle_chinese_chars", true))
        {
            stages.Add(new SpaceOutNormalizer(s_ideographs));
        }

        if (element.Flag("strip_accents", lowercase))
        {
            stages.Add(new UnicodeNormalizer(compose: false, compatibility: false));
            stages.Add(new DropNormalizer(CharacterClasses.NonspacingMark));
        }

        if (lowercase)
        {
            stages.Add(new LowercaseNormalizer());
        }

        return new SequenceNormalizer(stages);
    }

    private static CharsMapNormalizer ReadPrecompiled(JsonElement element)
    {
        JsonElement map = element.Required("precompiled_charsmap");
        return CharsMapNormalizer.Parse(Convert.FromBase64String(map.Text("precompiled_charsmap")));
    }
}
