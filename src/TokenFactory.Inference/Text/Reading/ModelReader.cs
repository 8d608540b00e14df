using System.Text.Json;
using TokenFactory.Inference.Text.Vocabularies;

namespace TokenFactory.Inference.Text.Reading;

/// <summary>Reads the <c>model</c> of a tokenizer.json.</summary>
internal static class ModelReader
{
    public static TokenModel Read(JsonElement model) => Type(model) switch
    {
        "BPE" => ReadBpe(model),
        "WordPiece" => new WordPieceModel(ReadVocabulary(model), model.TextOrNull("unk_token") ?? "[UNK]",
            model.TextOrNull("continuing_subword_prefix") ?? "##", model.Field("max_input_chars_per_word")?.Number("max_input_chars_per_word") ?? 100),
        "WordLevel" => new WordLevelModel(ReadVocabulary(model), model.TextOrNull("unk_token") ?? "<unk>"),
        "Unigram" => ReadUnigram(model),
        string other => throw TokenizerException.Unsupported($"the model type '{other}'"),
    };

    // Older files do not name the type: their fields tell.
    private static string Type(JsonElement model)
    {
        if (model.TextOrNull("type") is { } type)
        {
            return type;
        }

        return model.Field("merges") is not null ? "BPE"
            : model.Field("vocab") is { ValueKind: JsonValueKind.Array } ? "Unigram"
            : model.Field("continuing_subword_prefix") is not null ? "WordPiece" : "WordLevel";
    }

    private static Vocabulary ReadVocabulary(JsonElement model)
    {
        JsonElement vocab = model.Required("vocab");
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (JsonProperty token in vocab.Properties("vocab"))
        {
            ids[token.Name] = token.Value.Number("vocab");
        }

        return new Vocabulary(ids);
    }

    private static BpeModel ReadBpe(JsonElement model)
    {
        Vocabulary vocabulary = ReadVocabulary(model);
        string prefix = model.TextOrNull("continuing_subword_prefix") ?? "";
        var merges = new List<(int, int, int)>();
        foreach (JsonElement item in model.Required("merges").Items("merges"))
        {
            if (Pair(item) is not var (left, right))
            {
                continue;
            }

            string joined = right.StartsWith(prefix, StringComparison.Ordinal) ? left + right[prefix.Length..] : left + right;
            merges.Add((Id(vocabulary, left), Id(vocabulary, right), Id(vocabulary, joined)));
        }

        return new BpeModel(vocabulary, new MergeTable(merges), new BpeOptions(
            model.TextOrNull("unk_token"), prefix, model.TextOrNull("end_of_word_suffix") ?? "",
            model.Flag("fuse_unk", false), model.Flag("byte_fallback", false), model.Flag("ignore_merges", false)));
    }

    private static (string Left, string Right)? Pair(JsonElement item)
    {
        if (item.ValueKind == JsonValueKind.Array)
        {
            return item.GetArrayLength() == 2 ? (item[0].Text("merges"), item[1].Text("merges")) : throw new FormatException("a merge is not of two tokens");
        }

        string text = item.Text("merges");
        if (text.StartsWith("#version", StringComparison.Ordinal))
        {
            return null;
        }

        int space = text.IndexOf(' ');
        return space >= 0 && text.IndexOf(' ', space + 1) < 0
            ? (text[..space], text[(space + 1)..])
            : throw new FormatException($"the merge '{(text.Length > 40 ? text[..40] : text)}' is not of two tokens");
    }

    private static int Id(Vocabulary vocabulary, string token) => vocabulary.TryGet(token, out int id) ? id
        : throw new FormatException($"a merge names the token '{(token.Length > 40 ? token[..40] : token)}', which the vocabulary lacks");

    private static UnigramModel ReadUnigram(JsonElement model)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        var pieces = new List<string>();
        var scores = new List<double>();
        foreach (JsonElement item in model.Required("vocab").Items("vocab"))
        {
            if (item.ValueKind != JsonValueKind.Array || item.GetArrayLength() != 2 || item[1].ValueKind != JsonValueKind.Number)
            {
                throw new FormatException("an entry of 'vocab' is not a token with its score");
            }

            string piece = item[0].Text("vocab");
            ids[piece] = pieces.Count;
            pieces.Add(piece);
            double score = item[1].GetDouble();
            scores.Add(double.IsFinite(score) ? score : throw new FormatException("a token's score is not a finite number"));
        }

        int unknown = model.Field("unk_id")?.Number("unk_id") ?? -1;
        if (unknown >= pieces.Count || (unknown < 0 && model.Field("unk_id") is not null))
        {
            throw new FormatException("'unk_id' is not a token of the vocabulary");
        }

        return new UnigramModel(new Vocabulary(ids), pieces, [.. scores], unknown, model.Flag("byte_fallback", false));
    }
}
