using System.Text.Json;
using TokenFactory.Inference.Text.Decoding;
using TokenFactory.Inference.Text.Patterns;
using TokenFactory.Inference.Text.Pipeline;

namespace TokenFactory.Inference.Text.Reading;

/// <summary>Reads the <c>decoder</c> of a tokenizer.json: how to start its stages before the one that follows.</summary>
internal static class DecoderReader
{
    private const int StripLimit = 1 << 20;

    public static Func<DecodeStage, DecodeStage> Read(JsonElement element)
    {
        string type = element.Required("type").Text("type");
        switch (type)
        {
            case "Sequence":
                Func<DecodeStage, DecodeStage>[] stages = [.. element.Required("decoders").Items("decoders").Select(Read)];
                return next => stages.Reverse().Aggregate(next, (following, start) => start(following));
            case "ByteLevel":
                return next => new ByteLevelStage(next);
            case "ByteFallback":
                return next => new ByteFallbackStage(next);
            case "Fuse":
                return next => new FuseStage(next);
            case "Replace":
                return ReadReplace(element);
            case "Strip":
                char content = element.Character("content", ' ');
                int start = Count(element, "start");
                int stop = Count(element, "stop");
                return next => new StripStage(content, start, stop, next);
            case "Metaspace":
                char replacement = element.Character("replacement", '\u2581');
                bool dropsFirst = PreTokenizerReader.Scheme(element) != PrependScheme.Never;
                return next => new MetaspaceStage(replacement, dropsFirst, next);
            case "WordPiece":
                string prefix = element.TextOrNull("prefix") ?? "##";
                bool cleanup = element.Flag("cleanup", true);
                return next => new WordPieceStage(prefix, cleanup, next);
            case "BPEDecoder":
                string suffix = element.TextOrNull("suffix") ?? "</w>";
                return next => new WordSuffixStage(suffix, next);
            case "CTC":
                string pad = element.TextOrNull("pad_token") ?? "<pad>";
                string delimiter = element.TextOrNull("word_delimiter_token") ?? "|";
                bool cleans = element.Flag("cleanup", true);
                return next => new CtcStage(pad, delimiter, cleans, next);
            default:
                throw TokenizerException.Unsupported($"the decoder '{type}'");
        }
    }

    private static int Count(JsonElement element, string name)
    {
        int count = element.Field(name)?.Number(name) ?? 0;
        return count is >= 0 and <= StripLimit ? count : throw new FormatException($"'{name}' is out of range");
    }

    private static Func<DecodeStage, DecodeStage> ReadReplace(JsonElement element)
    {
        string content = element.Required("content").Text("content");
        JsonElement pattern = element.Required("pattern");
        if (pattern.ValueKind == JsonValueKind.Object && pattern.TextOrNull("String") is { Length: 1 } one)
        {
            return next => new ReplaceCharacterStage(one[0], content, next);
        }

        TokenPattern found = NormalizerReader.ReadPattern(pattern);
        return next => new ReplaceStage(found, content, next);
    }
}
