using System.Text;
using TokenFactory.Inference.Text.Characters;
using TokenFactory.Inference.Text.Patterns;

namespace TokenFactory.Inference.Text.Pipeline;

/// <summary>Rewrites a text before it is cut into pieces.</summary>
internal abstract class Normalizer
{
    /// <summary>The rewritten text; the same object when nothing changes.</summary>
    public abstract AlignedText Apply(AlignedText text, bool track);
}

internal sealed class SequenceNormalizer(IReadOnlyList<Normalizer> stages) : Normalizer
{
    public override AlignedText Apply(AlignedText text, bool track)
    {
        foreach (Normalizer stage in stages)
        {
            text = stage.Apply(text, track);
        }

        return text;
    }
}

/// <summary>Rewrites one code point after the other.</summary>
internal abstract class CharacterNormalizer : Normalizer
{
    public sealed override AlignedText Apply(AlignedText text, bool track)
    {
        string value = text.Value;
        TextRewriter? rewriter = null;
        for (int i = 0; i < value.Length;)
        {
            Rune.DecodeFromUtf16(value.AsSpan(i), out Rune rune, out int width);
            if (rewriter is null)
            {
                if (Keeps(rune.Value))
                {
                    i += width;
                    continue;
                }

                rewriter = new TextRewriter(Piece.Whole(text), track);
                rewriter.Copy(0, i);
            }

            if (Keeps(rune.Value))
            {
                rewriter.Copy(i, i + width);
            }
            else
            {
                Rewrite(rune.Value, i, i + width, rewriter);
            }

            i += width;
        }

        return rewriter is null ? text : rewriter.Build();
    }

    protected abstract bool Keeps(int codePoint);

    protected abstract void Rewrite(int codePoint, int start, int end, TextRewriter output);
}

internal sealed class LowercaseNormalizer : CharacterNormalizer
{
    protected override bool Keeps(int codePoint) =>
        codePoint < 0x80 ? codePoint is < 'A' or > 'Z' : UnicodeTables.Instance.Lower(codePoint).IsEmpty;

    protected override void Rewrite(int codePoint, int start, int end, TextRewriter output)
    {
        foreach (int lower in UnicodeTables.Instance.Lower(codePoint))
        {
            output.Append(lower, start, end);
        }
    }
}

/// <summary>Drops the characters of a set.</summary>
internal sealed class DropNormalizer(CodePointSet dropped) : CharacterNormalizer
{
    protected override bool Keeps(int codePoint) => !dropped.Contains(codePoint);

    protected override void Rewrite(int codePoint, int start, int end, TextRewriter output)
    {
    }
}

/// <summary>Drops the characters of one set and turns those of another into spaces.</summary>
internal sealed class CleanNormalizer(CodePointSet dropped, CodePointSet blanks) : CharacterNormalizer
{
    protected override bool Keeps(int codePoint) => !dropped.Contains(codePoint) && (codePoint == ' ' || !blanks.Contains(codePoint));

    protected override void Rewrite(int codePoint, int start, int end, TextRewriter output)
    {
        if (!dropped.Contains(codePoint))
        {
            output.Append(" ", start, end);
        }
    }
}

/// <summary>Puts a space on either side of the characters of a set.</summary>
internal sealed class SpaceOutNormalizer(CodePointSet set) : CharacterNormalizer
{
    protected override bool Keeps(int codePoint) => !set.Contains(codePoint);

    protected override void Rewrite(int codePoint, int start, int end, TextRewriter output)
    {
        output.Append(" ", start, end);
        output.Append(codePoint, start, end);
        output.Append(" ", start, end);
    }
}

internal sealed class PrependNormalizer(string prefix) : Normalizer
{
    public override AlignedText Apply(AlignedText text, bool track)
    {
        if (text.Value.Length == 0 || prefix.Length == 0)
        {
            return text;
        }

        var rewriter = new TextRewriter(Piece.Whole(text), track);
        rewriter.Append(prefix, 0, 0);
        rewriter.Copy(0, text.Value.Length);
        return rewriter.Build();
    }
}

internal sealed class ReplaceNormalizer(TokenPattern pattern, string content) : Normalizer
{
    public override AlignedText Apply(AlignedText text, bool track)
    {
        if (text.Value.Length == 0)
        {
            return text;
        }

        TextRewriter? rewriter = null;
        int last = 0;
        var run = new PatternRun(pattern, text.Value);
        while (run.Next(out int start, out int end))
        {
            rewriter ??= new TextRewriter(Piece.Whole(text), track);
            rewriter.Copy(last, start);
            rewriter.Append(content, start, end);
            last = end;
        }

        if (rewriter is null)
        {
            return text;
        }

        rewriter.Copy(last, text.Value.Length);
        return rewriter.Build();
    }
}

internal sealed class StripNormalizer(bool left, bool right) : Normalizer
{
    public override AlignedText Apply(AlignedText text, bool track)
    {
        string value = text.Value;
        int start = 0;
        int end = value.Length;
        while (left && start < end && CharacterClasses.Space.Contains(value[start]))
        {
            start++;
        }

        while (right && end > start && CharacterClasses.Space.Contains(value[end - 1]))
        {
            end--;
        }

        if (end - start == value.Length)
        {
            return text;
        }

        var rewriter = new TextRewriter(Piece.Whole(text), track);
        rewriter.Copy(start, end);

        // The stretch still begins where it began: what follows asks whether it is the input's start.
        return rewriter.Build() with { Shift = text.Shift };
    }
}

internal sealed class ByteLevelNormalizer : Normalizer
{
    public override AlignedText Apply(AlignedText text, bool track) => ByteAlphabet.Map(Piece.Whole(text), track);
}
