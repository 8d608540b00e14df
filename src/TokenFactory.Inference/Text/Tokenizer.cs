using TokenFactory.Inference.Text.Decoding;
using TokenFactory.Inference.Text.Pipeline;
using TokenFactory.Inference.Text.Reading;

namespace TokenFactory.Inference.Text;

/// <summary>A tokenizer read from a tokenizer.json: text to ids and back, exactly as Hugging Face's Rust library does it.</summary>
/// <remarks>
/// Immutable and safe for concurrent use. Truncation, padding and dropout that the file may name belong to training and batches and are not applied. Lone
/// surrogates of a text count as U+FFFD.
/// </remarks>
public sealed class Tokenizer
{
    private readonly TokenizerParts _parts;

    internal Tokenizer(TokenizerParts parts, TokenizerSettings settings, string? path)
    {
        _parts = parts;
        Settings = settings;
        Path = path;
    }

    /// <summary>What the files beside tokenizer.json say.</summary>
    public TokenizerSettings Settings { get; }

    /// <summary>The tokenizer.json it came from; null when it was parsed from memory.</summary>
    public string? Path { get; }

    /// <summary>How many tokens there are, added ones included.</summary>
    public int VocabularySize => _parts.VocabularySize;

    /// <summary>The id of the token that begins a text; null when there is none.</summary>
    public int? BosId => Settings.BosToken is { } token ? TokenToId(token) : null;

    /// <summary>The id of the token that ends a text; null when there is none.</summary>
    public int? EosId => Settings.EosToken is { } token ? TokenToId(token) : null;

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="path">A tokenizer.json, or a folder that has one.</param>
    /// <exception cref="TokenizerException"><c>TokenizerNotFound</c>, <c>TokenizerInvalid</c> or <c>TokenizerUnsupported</c>.</exception>
    public static Tokenizer Load(string path) => TokenizerFiles.Load(path);

    /// <summary>Reads a tokenizer from memory.</summary>
    /// <param name="utf8Json">The content of a tokenizer.json.</param>
    /// <exception cref="TokenizerException"><c>TokenizerInvalid</c> or <c>TokenizerUnsupported</c>.</exception>
    public static Tokenizer Parse(ReadOnlySpan<byte> utf8Json) => new(TokenizerReader.Read(utf8Json.ToArray()), new TokenizerSettings(), path: null);

    /// <summary>Turns a text into tokens with their spelling and place.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecialTokens">True to put the special tokens around it that the model was trained with; those inside the text are recognised either way.</param>
    /// <exception cref="TokenizerException"><c>TokenizerUnknownToken</c>, or <c>TokenizerInvalid</c> when a pattern takes too long.</exception>
    public Encoding Encode(string text, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        var builder = new EncodingBuilder(_parts);
        TextEncoder.Run(_parts, text, builder, track: true);
        return builder.Build(addSpecialTokens);
    }

    /// <summary>Turns a text into ids.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecialTokens">True to put the special tokens around it that the model was trained with; those inside the text are recognised either way.</param>
    /// <exception cref="TokenizerException"><c>TokenizerUnknownToken</c>, or <c>TokenizerInvalid</c> when a pattern takes too long.</exception>
    public int[] EncodeToIds(string text, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        var collector = new IdCollector(_parts.Encoder, text.Length);
        TextEncoder.Run(_parts, text, collector, track: false);
        ReadOnlySpan<int> ids = collector.Ids.Span;
        IReadOnlyList<PostProcessor.Part> parts = _parts.PostProcessor.Parts;
        if (parts.Count == 1)
        {
            return ids.ToArray();
        }

        var all = new IdBuffer(ids.Length + parts.Count);
        foreach (PostProcessor.Part part in parts)
        {
            if (part.Id is not { } special)
            {
                all.Add(ids.ToArray());
            }
            else if (addSpecialTokens)
            {
                all.Add(special);
            }
        }

        return all.Span.ToArray();
    }

    /// <summary>Turns ids into text.</summary>
    /// <param name="ids">The ids; those that the vocabulary lacks are passed over.</param>
    /// <param name="skipSpecialTokens">True to leave special tokens out.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        var sink = new TextSink();
        DecodeStage stages = StartDecoding(sink);
        foreach (int id in ids)
        {
            if (Spelling(id, skipSpecialTokens) is { } token)
            {
                stages.Push(token, last: true);
            }
        }

        stages.Flush();
        return sink.Take();
    }

    /// <summary>Starts to turn ids into text one by one.</summary>
    /// <param name="skipSpecialTokens">True to leave special tokens out.</param>
    public StreamingDetokenizer CreateDetokenizer(bool skipSpecialTokens = true) => new(this, skipSpecialTokens);

    /// <summary>The id of a token as the vocabulary spells it; null when there is none.</summary>
    /// <param name="token">The token.</param>
    public int? TokenToId(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _parts.AddedByContent.TryGetValue(token, out AddedToken? added) ? added.Id
            : _parts.Encoder.Model.Vocabulary.TryGet(token, out int id) ? id : null;
    }

    /// <summary>A token as the vocabulary spells it; null when there is no such id.</summary>
    /// <param name="id">The id.</param>
    public string? IdToToken(int id) =>
        _parts.AddedById.TryGetValue(id, out AddedToken? added) ? added.Content : _parts.Encoder.Model.Vocabulary.Token(id);

    /// <summary>True when a token is one of the model's special tokens.</summary>
    /// <param name="id">The id.</param>
    public bool IsSpecial(int id) => IdToToken(id) is { } token && _parts.Special.Contains(token);

    /// <summary>What decoding sees of an id; null when it is to be passed over.</summary>
    internal string? Spelling(int id, bool skipSpecialTokens) => !_parts.AddedById.TryGetValue(id, out AddedToken? added)
        ? skipSpecialTokens && IsSpecial(id) ? null : _parts.Encoder.Model.Vocabulary.Token(id)
        : skipSpecialTokens && added.Special ? null : added.Sought;

    internal DecodeStage StartDecoding(DecodeStage sink) => _parts.StartDecoding(sink);
}
