using System.Globalization;
using System.Text;
using TokenFactory.Inference.Text.Characters;

namespace TokenFactory.Inference.Text.Patterns;

/// <summary>Reads bracketed classes and the escapes that stand for characters.</summary>
internal sealed class ClassReader(string text, int start, bool ignoreCase)
{
    private const int DepthLimit = 50;

    private int _depth;

    public int Position { get; private set; } = start;

    /// <summary>Adds what is equal without regard to case.</summary>
    public static CodePointSet Fold(CodePointSet set, bool ignoreCase)
    {
        if (!ignoreCase)
        {
            return set;
        }

        var added = new List<CodePointSet> { set };
        UnicodeTables tables = UnicodeTables.Instance;
        ReadOnlySpan<int> ranges = set.Ranges;
        for (int i = 0; i < ranges.Length; i += 2)
        {
            // Case exists below 1E944 only; beyond, ranges are long.
            for (int c = ranges[i]; c < Math.Min(ranges[i + 1], 0x1F000); c++)
            {
                foreach (int variant in tables.CaseVariants(c))
                {
                    if (!set.Contains(variant))
                    {
                        added.Add(CodePointSet.Of(variant));
                    }
                }
            }
        }

        return added.Count == 1 ? set : CodePointSet.Union(added);
    }

    /// <summary>Reads from <c>[</c> to its <c>]</c>.</summary>
    public CodePointSet Read()
    {
        if (++_depth > DepthLimit)
        {
            throw new PatternException("the pattern nests classes too deeply");
        }

        Position++;
        bool negate = Peek('^');
        if (negate)
        {
            Position++;
        }

        CodePointSet? left = null;
        var members = new List<CodePointSet>();
        bool first = true;
        while (true)
        {
            if (Position >= text.Length)
            {
                throw new PatternException("the pattern has a class without its ']'");
            }

            char c = text[Position];
            if (c == ']' && (!first || !text.AsSpan(Position + 1).Contains(']')))
            {
                Position++;
                break;
            }

            first = false;
            if (c == '&' && text.AsSpan(Position).StartsWith("&&"))
            {
                Position += 2;
                left = Join(left, members);
                members.Clear();
                continue;
            }

            Member(members);
        }

        _depth--;
        CodePointSet set = Fold(Join(left, members), ignoreCase);
        return negate ? set.Complement() : set;
    }

    /// <summary>Reads a <c>\…</c> that stands for one or more characters.</summary>
    public CodePointSet ReadEscape() => Escaped(out _);

    private static CodePointSet Join(CodePointSet? left, List<CodePointSet> members)
    {
        CodePointSet right = CodePointSet.Union(members);
        return left is null ? right : left.Intersect(right);
    }

    private bool Peek(char c) => Position < text.Length && text[Position] == c;

    private void Member(List<CodePointSet> members)
    {
        char c = text[Position];
        if (c == '[')
        {
            if (TryPosix(out CodePointSet? posix))
            {
                members.Add(posix);
            }
            else
            {
                members.Add(Read());
            }

            return;
        }

        CodePointSet low = Single(out int from);
        if (from < 0 || !Peek('-') || Position + 1 >= text.Length || text[Position + 1] == ']')
        {
            members.Add(low);
            return;
        }

        int before = Position;
        Position++;
        if (text[Position] == '[')
        {
            members.Add(low);
            members.Add(CodePointSet.Of('-'));
            return;
        }

        CodePointSet high = Single(out int to);
        if (to < 0)
        {
            members.AddRange([low, CodePointSet.Of('-'), high]);
        }
        else if (to < from)
        {
            throw new PatternException($"the pattern has an empty range in a class (position {before.ToString(CultureInfo.InvariantCulture)})");
        }
        else
        {
            members.Add(CodePointSet.Range(from, to));
        }
    }

    private CodePointSet Single(out int codePoint)
    {
        if (text[Position] == '\\')
        {
            return Escaped(out codePoint);
        }

        Rune.DecodeFromUtf16(text.AsSpan(Position), out Rune rune, out int consumed);
        Position += consumed;
        codePoint = rune.Value;
        return CodePointSet.Of(codePoint);
    }

    private bool TryPosix(out CodePointSet set)
    {
        set = CodePointSet.Empty;
        if (!text.AsSpan(Position).StartsWith("[:"))
        {
            return false;
        }

        int close = text.IndexOf(":]", Position, StringComparison.Ordinal);
        if (close < 0)
        {
            return false;
        }

        string name = text[(Position + 2)..close];
        bool negate = name.StartsWith('^');
        CodePointSet? found = CharacterClasses.Find(negate ? name[1..] : name);
        if (found is null)
        {
            return false;
        }

        Position = close + 2;
        set = negate ? found.Complement() : found;
        return true;
    }

    private CodePointSet Escaped(out int codePoint)
    {
        if (Position + 1 >= text.Length)
        {
            throw new PatternException("the pattern has a '\\' at its end");
        }

        codePoint = -1;
        char c = text[Position + 1];
        Position += 2;
        switch (c)
        {
            case 's':
                return CharacterClasses.Space;
            case 'S':
                return CharacterClasses.Space.Complement();
            case 'd':
                return CharacterClasses.Find("nd")!;
            case 'D':
                return CharacterClasses.Find("nd")!.Complement();
            case 'w':
                return CharacterClasses.Word;
            case 'W':
                return CharacterClasses.Word.Complement();
            case 'h':
                return CharacterClasses.Find("xdigit")!;
            case 'H':
                return CharacterClasses.Find("xdigit")!.Complement();
            case 'p' or 'P':
                return Property(c == 'P');
            case 'x':
                codePoint = Hexadecimal(2);
                break;
            case 'u':
                codePoint = Hexadecimal(4);
                break;
            default:
                Position -= 1;
                Rune.DecodeFromUtf16(text.AsSpan(Position), out Rune rune, out int consumed);
                Position += consumed;
                codePoint = rune.Value switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'f' => '\f', 'v' => '\v', 'a' => '\a', 'e' => 0x1B, '0' => 0, _ => rune.Value };
                break;
        }

        return CodePointSet.Of(codePoint);
    }

    private CodePointSet Property(bool negate)
    {
        int close = Peek('{') ? text.IndexOf('}', Position) : -1;
        if (close < 0)
        {
            throw new PatternException("the pattern has a '\\p' without a name in braces");
        }

        string name = text[(Position + 1)..close];
        Position = close + 1;
        if (name.StartsWith('^'))
        {
            negate = !negate;
            name = name[1..];
        }

        CodePointSet set = CharacterClasses.Find(name)
            ?? throw new PatternException($"the character property '{(name.Length > 40 ? name[..40] : name)}' isn't supported", unsupported: true);
        return negate ? set.Complement() : set;
    }

    private int Hexadecimal(int digits)
    {
        string number;
        if (Peek('{'))
        {
            int close = text.IndexOf('}', Position);
            number = close < 0 ? "" : text[(Position + 1)..close];
            Position = close < 0 ? Position : close + 1;
        }
        else
        {
            int end = Position;
            while (end < text.Length && end < Position + digits && char.IsAsciiHexDigit(text[end]))
            {
                end++;
            }

            number = text[Position..end];
            Position = end;
        }

        return int.TryParse(number, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) && value is >= 0 and < CodePointSet.Limit
            ? value
            : throw new PatternException("the pattern has a malformed hexadecimal escape");
    }
}
