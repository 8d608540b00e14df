using TokenFactory.Inference.Text.Patterns;

namespace TokenFactory.Inference.Text.Pipeline;

/// <summary>Takes pieces, in order.</summary>
internal abstract class PieceSink
{
    public abstract void Accept(in Piece piece);
}

/// <summary>Cuts a piece into smaller ones. Immutable; what is left to do is in the sink.</summary>
internal abstract class PreTokenizer
{
    /// <summary>Splits a piece that isn't empty; no empty piece leaves.</summary>
    public abstract void Split(in Piece piece, PieceSink sink, bool track);
}

internal sealed class SplitPreTokenizer(SplitRule rule) : PreTokenizer
{
    public override void Split(in Piece piece, PieceSink sink, bool track) => rule.Split(piece, sink);
}

internal sealed class SequencePreTokenizer(IReadOnlyList<PreTokenizer> stages) : PreTokenizer
{
    public IReadOnlyList<PreTokenizer> Stages => stages;

    public override void Split(in Piece piece, PieceSink sink, bool track)
    {
        for (int i = stages.Count - 1; i >= 0; i--)
        {
            sink = new Chained(stages[i], sink, track);
        }

        sink.Accept(piece);
    }

    private sealed class Chained(PreTokenizer stage, PieceSink next, bool track) : PieceSink
    {
        public override void Accept(in Piece piece) => stage.Split(piece, next, track);
    }
}

internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool useRegex, bool mapBytes) : PreTokenizer
{
    private static readonly SplitRule s_words = new(
        TokenPattern.Parse(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"), SplitBehavior.Isolated, invert: false);

    /// <summary>The same stage, leaving the mapping of bytes to whoever encodes the pieces.</summary>
    public ByteLevelPreTokenizer WithoutMapping() => new(addPrefixSpace, useRegex, mapBytes: false);

    public override void Split(in Piece piece, PieceSink sink, bool track)
    {
        Piece source = piece;
        if (addPrefixSpace && piece.Span[0] != ' ')
        {
            var rewriter = new TextRewriter(piece, track);
            rewriter.Append(" ", 0, 0);
            rewriter.Copy(0, piece.Length);
            source = Piece.Whole(rewriter.Build());
        }

        PieceSink target = mapBytes ? new Mapper(sink, track) : sink;
        if (useRegex)
        {
            s_words.Split(source, target);
        }
        else
        {
            target.Accept(source);
        }
    }

    private sealed class Mapper(PieceSink next, bool track) : PieceSink
    {
        public override void Accept(in Piece piece) => next.Accept(Piece.Whole(ByteAlphabet.Map(piece, track)));
    }
}

internal sealed class MetaspacePreTokenizer(char replacement, PrependScheme scheme, bool split) : PreTokenizer
{
    private readonly SplitRule _rule = new(replacement.ToString(), SplitBehavior.MergedWithNext, invert: false);

    public override void Split(in Piece piece, PieceSink sink, bool track)
    {
        bool prepend = (scheme == PrependScheme.Always || (scheme == PrependScheme.First && piece.AtInputStart))
            && piece.Span[0] != replacement && piece.Span[0] != ' ';
        Piece source = piece;
        if (prepend || piece.Span.Contains(' '))
        {
            var rewriter = new TextRewriter(piece, track);
            ReadOnlySpan<char> mark = [replacement];
            if (prepend)
            {
                rewriter.Append(mark, 0, 0);
            }

            int last = 0;
            ReadOnlySpan<char> text = piece.Span;
            for (int i = 0; i < text.Length; i++)
            {
                if (text[i] == ' ')
                {
                    rewriter.Copy(last, i);
                    rewriter.Append(mark, i, i + 1);
                    last = i + 1;
                }
            }

            rewriter.Copy(last, text.Length);
            source = Piece.Whole(rewriter.Build());
        }

        if (split)
        {
            _rule.Split(source, sink);
        }
        else
        {
            sink.Accept(source);
        }
    }
}

/// <summary>Pieces of so many characters.</summary>
internal sealed class FixedLengthPreTokenizer(int length) : PreTokenizer
{
    public override void Split(in Piece piece, PieceSink sink, bool track)
    {
        ReadOnlySpan<char> text = piece.Span;
        int start = 0;
        while (start < text.Length)
        {
            int end = start;
            for (int taken = 0; taken < length && end < text.Length; taken++)
            {
                System.Text.Rune.DecodeFromUtf16(text[end..], out _, out int consumed);
                end += consumed;
            }

            sink.Accept(piece.Slice(start, end));
            start = end;
        }
    }
}

internal enum PrependScheme
{
    Always,
    First,
    Never,
}
