using System.Text;
using TokenFactory.Inference.Text.Patterns;
using TokenFactory.Inference.Text.Vocabularies;

namespace TokenFactory.Inference.Text.Pipeline;

/// <summary>Takes pieces and, between them, the added tokens that were found in the text.</summary>
internal abstract class TokenCollector : PieceSink
{
    public abstract void Add(AddedToken token, AlignedText text, int start, int end);
}

/// <summary>Runs a text through a tokenizer's parts: added tokens, normalizer, added tokens of the normalized text, pieces.</summary>
internal static class TextEncoder
{
    public static void Run(TokenizerParts parts, string text, TokenCollector collector, bool track)
    {
        text = WellFormed(text);
        try
        {
            if (parts.RawTokens.IsEmpty)
            {
                Section(parts, new AlignedText(text, null, 0), collector, track);
                return;
            }

            var input = new AlignedText(text, null, 0);
            parts.RawTokens.Split(text, (token, start, end) =>
            {
                if (token is not null)
                {
                    collector.Add(token, input, start, end);
                }
                else
                {
                    Section(parts, start == 0 && end == text.Length ? input : new AlignedText(text[start..end], null, start), collector, track);
                }
            });
        }
        catch (PatternException e)
        {
            throw TokenizerException.Invalid($"Encoding was given up: {e.Message}. Use a shorter text or another tokenizer.json.", innerException: e);
        }
    }

    private static void Section(TokenizerParts parts, AlignedText section, TokenCollector collector, bool track)
    {
        if (section.Value.Length == 0)
        {
            return;
        }

        AlignedText normalized = parts.Normalizer?.Apply(section, track) ?? section;
        if (parts.NormalizedTokens.IsEmpty)
        {
            Pieces(parts, Piece.Whole(normalized), collector, track);
            return;
        }

        parts.NormalizedTokens.Split(normalized.Value, (token, start, end) =>
        {
            if (token is not null)
            {
                collector.Add(token, normalized, start, end);
            }
            else
            {
                Pieces(parts, new Piece(normalized, start, end - start), collector, track);
            }
        });
    }

    private static void Pieces(TokenizerParts parts, in Piece piece, TokenCollector collector, bool track)
    {
        if (piece.Length == 0)
        {
            return;
        }

        if (parts.PreTokenizer is { } preTokenizer)
        {
            preTokenizer.Split(piece, collector, track);
        }
        else
        {
            collector.Accept(piece);
        }
    }

    private static string WellFormed(string text)
    {
        int first = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF');
        if (first < 0)
        {
            return text;
        }

        StringBuilder? repaired = null;
        for (int i = first; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]))
            {
                if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                {
                    i++;
                }
                else
                {
                    (repaired ??= new StringBuilder(text))[i] = '\uFFFD';
                }
            }
        }

        return repaired?.ToString() ?? text;
    }
}

/// <summary>Collects ids only.</summary>
internal sealed class IdCollector(PieceEncoder encoder, int characters) : TokenCollector
{
    private readonly List<ModelToken> _scratch = [];

    public IdBuffer Ids { get; } = new((characters / 3) + 8);

    public override void Add(AddedToken token, AlignedText text, int start, int end) => Ids.Add(token.Id);

    public override void Accept(in Piece piece) => encoder.Append(piece.Span, Ids, _scratch);
}

/// <summary>Collects ids, spellings and places.</summary>
internal sealed class EncodingBuilder(TokenizerParts parts) : TokenCollector
{
    private readonly List<ModelToken> _scratch = [];
    private readonly List<int> _ids = [];
    private readonly List<string> _tokens = [];
    private readonly List<TextRange> _offsets = [];

    public override void Add(AddedToken token, AlignedText text, int start, int end)
    {
        (int from, int to) = text.Original(start, end);
        Append(token.Id, token.Content, from, to);
    }

    public override void Accept(in Piece piece)
    {
        Piece source = parts.Encoder.MapsBytes ? Piece.Whole(ByteAlphabet.Map(piece, track: true)) : piece;
        _scratch.Clear();
        parts.Encoder.Model.Tokenize(source.Span, _scratch);
        foreach (ModelToken token in _scratch)
        {
            (int from, int to) = source.Text.Original(source.Start + token.Start, source.Start + token.End);
            Append(token.Id, parts.Encoder.Model.Vocabulary.Token(token.Id) ?? "", from, to);
        }
    }

    public Encoding Build(bool addSpecialTokens)
    {
        if (parts.PostProcessor.Parts.Count == 1)
        {
            return new Encoding(_ids, _tokens, _offsets);
        }

        var ids = new List<int>();
        var tokens = new List<string>();
        var offsets = new List<TextRange>();
        foreach (PostProcessor.Part part in parts.PostProcessor.Parts)
        {
            if (part.Id is not { } id)
            {
                ids.AddRange(_ids);
                tokens.AddRange(_tokens);
                offsets.AddRange(_offsets);
            }
            else if (addSpecialTokens)
            {
                ids.Add(id);
                tokens.Add(part.Token ?? "");
                offsets.Add(default);
            }
        }

        return new Encoding(ids, tokens, offsets);
    }

    private void Append(int id, string token, int start, int end)
    {
        _ids.Add(id);
        _tokens.Add(token);
        _offsets.Add(new TextRange(start, end));
    }
}
