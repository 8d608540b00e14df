using System.Text.Json;
using TokenFactory.Inference.Text.Decoding;
using TokenFactory.Inference.Text.Patterns;
using TokenFactory.Inference.Text.Pipeline;
using TokenFactory.Inference.Text.Vocabularies;

namespace TokenFactory.Inference.Text.Reading;

/// <summary>Reads a tokenizer.json.</summary>
internal static class TokenizerReader
{
    /// <exception cref="TokenizerException">It is malformed or uses what isn't supported.</exception>
    public static TokenizerParts Read(ReadOnlyMemory<byte> utf8Json)
    {
        try
        {
            if (utf8Json.Span.StartsWith("\uFEFF"u8))
            {
                utf8Json = utf8Json[3..];
            }

            using JsonDocument document = JsonDocument.Parse(utf8Json, new JsonDocumentOptions { MaxDepth = 64 });
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            throw TokenizerException.Invalid($"The tokenizer.json can't be read: {e.Message}. Get the file again from where the model came from.", innerException: e);
        }
        catch (PatternException e) when (e.Unsupported)
        {
            throw TokenizerException.Unsupported($"a pattern in which {e.Message}");
        }
        catch (PatternException e)
        {
            throw TokenizerException.Invalid($"The tokenizer.json has a malformed pattern: {e.Message}. Get the file again from where the model came from.", innerException: e);
        }
    }

    private static TokenizerParts Read(JsonElement root)
    {
        TokenModel model = ModelReader.Read(root.Required("model"));
        Normalizer? normalizer = root.Field("normalizer") is { } n ? NormalizerReader.Read(n) : null;
        PreTokenizer? preTokenizer = root.Field("pre_tokenizer") is { } p ? PreTokenizerReader.Read(p) : null;
        bool mapsBytes = TakeMapping(ref preTokenizer);
        Func<DecodeStage, DecodeStage> decoder = root.Field("decoder") is { } d ? DecoderReader.Read(d) : next => new JoinStage(next);

        List<AddedToken> added = ReadAdded(root, model.Vocabulary, normalizer);
        var byContent = new Dictionary<string, AddedToken>();
        var byId = new Dictionary<int, AddedToken>();
        foreach (AddedToken token in added)
        {
            byContent[token.Content] = token;
            byId[token.Id] = token;
        }

        return new TokenizerParts
        {
            Normalizer = normalizer,
            PreTokenizer = preTokenizer,
            Encoder = new PieceEncoder(model, mapsBytes),
            PostProcessor = root.Field("post_processor") is { } processor ? PostProcessorReader.Read(processor) : PostProcessor.None,
            StartDecoding = decoder,
            RawTokens = new AddedTokenFinder(byContent.Values.Where(t => !t.Normalized).Select(t => (t.Sought, t))),
            NormalizedTokens = new AddedTokenFinder(byContent.Values.Where(t => t.Normalized).Select(t => (t.Sought, t))),
            AddedByContent = byContent,
            AddedById = byId,
            Special = byContent.Values.Where(t => t.Special).Select(t => t.Content).ToHashSet(),
            VocabularySize = model.Vocabulary.Count + byContent.Values.Count(t => !model.Vocabulary.TryGet(t.Content, out _)),
        };
    }

    // A byte-level stage at the end only spells bytes for the model: the encoder does that for the pieces it has not met before.
    private static bool TakeMapping(ref PreTokenizer? preTokenizer)
    {
        if (preTokenizer is ByteLevelPreTokenizer alone)
        {
            preTokenizer = alone.WithoutMapping();
            return true;
        }

        if (preTokenizer is SequencePreTokenizer { Stages: [.., ByteLevelPreTokenizer last] } sequence)
        {
            preTokenizer = new SequencePreTokenizer([.. sequence.Stages.SkipLast(1), last.WithoutMapping()]);
            return true;
        }

        return false;
    }

    // A token that the vocabulary has keeps its id there; others follow the highest, whatever the file says: so does the reference.
    private static List<AddedToken> ReadAdded(JsonElement root, Vocabulary vocabulary, Normalizer? normalizer)
    {
        var tokens = new List<AddedToken>();
        if (root.Field("added_tokens") is not { } list)
        {
            return tokens;
        }

        var ids = new Dictionary<string, int>();
        int highest = -1;
        foreach (JsonElement item in list.Items("added_tokens"))
        {
            string content = item.Required("content").Text("content");
            item.Required("id").Number("id");
            if (content.Length == 0)
            {
                continue;
            }

            if (!ids.TryGetValue(content, out int id) && !vocabulary.TryGet(content, out id))
            {
                id = highest >= vocabulary.Count || (vocabulary.Count == 0 && highest >= 0) ? highest + 1 : vocabulary.Count;
            }

            ids[content] = id;
            highest = Math.Max(highest, id);
            bool special = item.Flag("special", false);
            bool normalized = item.Flag("normalized", !special);
            tokens.Add(new AddedToken(id, content, item.Flag("single_word", false), item.Flag("lstrip", false), item.Flag("rstrip", false), normalized, special)
            {
                Sought = normalized && normalizer is not null ? normalizer.Apply(new AlignedText(content, null, 0), track: false).Value : content,
            });
        }

        return tokens;
    }
}
