using System.Text;
using TokenFactory.Inference.Text.Characters;

namespace TokenFactory.Inference.Text.Pipeline;

/// <summary>The four Unicode normalization forms (Unicode Standard Annex 15), from tables of our own so that every platform agrees.</summary>
internal sealed class UnicodeNormalizer(bool compose, bool compatibility) : Normalizer
{
    // Below these, no character changes and none combines.
    private readonly char _inert = (char)(compatibility ? 0xA0 : compose ? 0x300 : 0xC0);

    public override AlignedText Apply(AlignedText text, bool track)
    {
        if (!text.Value.AsSpan().ContainsAnyInRange(_inert, '\uFFFF'))
        {
            return text;
        }

        List<Mark> marks = Decompose(text.Value);
        Order(marks);
        if (compose)
        {
            Compose(marks);
        }

        var rewriter = new TextRewriter(Piece.Whole(text), track);
        foreach (Mark mark in marks)
        {
            rewriter.Append(mark.CodePoint, mark.Start, mark.End);
        }

        return rewriter.Build();
    }

    private List<Mark> Decompose(string value)
    {
        UnicodeTables tables = UnicodeTables.Instance;
        var marks = new List<Mark>(value.Length);
        var parts = new List<int>();
        for (int i = 0; i < value.Length;)
        {
            Rune.DecodeFromUtf16(value.AsSpan(i), out Rune rune, out int width);
            parts.Clear();
            tables.Decompose(rune.Value, compatibility, parts);
            foreach (int part in parts)
            {
                marks.Add(new Mark(part, tables.CombiningClass(part), i, i + width));
            }

            i += width;
        }

        return marks;
    }

    private static void Order(List<Mark> marks)
    {
        for (int i = 0; i < marks.Count;)
        {
            if (marks[i].Class == 0)
            {
                i++;
                continue;
            }

            int end = i + 1;
            bool sorted = true;
            while (end < marks.Count && marks[end].Class != 0)
            {
                sorted &= marks[end].Class >= marks[end - 1].Class;
                end++;
            }

            if (!sorted)
            {
                Mark[] run = [.. marks.GetRange(i, end - i).OrderBy(m => m.Class)];
                for (int k = 0; k < run.Length; k++)
                {
                    marks[i + k] = run[k];
                }
            }

            i = end;
        }
    }

    private static void Compose(List<Mark> marks)
    {
        UnicodeTables tables = UnicodeTables.Instance;
        int starter = -1;
        int lastClass = 0;
        int written = 0;
        foreach (Mark mark in marks.ToArray())
        {
            if (starter >= 0 && (written == starter + 1 || (lastClass != 0 && lastClass < mark.Class)))
            {
                Mark first = marks[starter];
                int composite = tables.Compose(first.CodePoint, mark.CodePoint);
                if (composite >= 0)
                {
                    marks[starter] = new Mark(composite, 0, Math.Min(first.Start, mark.Start), Math.Max(first.End, mark.End));
                    continue;
                }
            }

            if (mark.Class == 0)
            {
                starter = written;
            }

            lastClass = mark.Class;
            marks[written++] = mark;
        }

        marks.RemoveRange(written, marks.Count - written);
    }

    private readonly record struct Mark(int CodePoint, int Class, int Start, int End);
}
