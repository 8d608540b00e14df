using System.Globalization;
using System.Text;
using TokenFactory.Inference.Text.Characters;

namespace TokenFactory.Inference.Text.Patterns;

/// <summary>
/// Reads a pattern in Oniguruma's Ruby syntax, which is what tokenizer.json files are written in: <c>^</c> and <c>$</c> are line
/// anchors, <c>\h</c> is a hexadecimal digit, <c>?+ *+ ++</c> are possessive but <c>{n,m}+</c> is not, classes nest and intersect.
/// </summary>
internal sealed class PatternParser
{
    private const int DepthLimit = 100;
    private const int LengthLimit = 16_384;

    private static readonly PatternNode s_lineBreak = new PatternNode.Atomic(new PatternNode.Choice([
        new PatternNode.Sequence([new PatternNode.One(CodePointSet.Of('\r')), new PatternNode.One(CodePointSet.Of('\n'))]),
        new PatternNode.One(CodePointSet.FromPairs(0xA, 0xD, 0x85, 0x85, 0x2028, 0x2029))]));

    private readonly string _text;
    private int _at;
    private int _depth;
    private bool _ignoreCase;
    private bool _dotAll;
    private bool _extended;

    private PatternParser(string text) => _text = text;

    public int Groups { get; private set; }

    public bool HasBackreferences { get; private set; }

    private bool AtEnd => _at >= _text.Length;

    /// <exception cref="PatternException">The pattern is malformed, too large, or uses what isn't supported.</exception>
    public static (PatternNode Node, int Groups, bool Backreferences) Parse(string pattern)
    {
        if (pattern.Length > LengthLimit)
        {
            throw new PatternException($"the pattern is longer than {LengthLimit} characters");
        }

        var parser = new PatternParser(pattern);
        PatternNode node = parser.Choice();
        if (!parser.AtEnd)
        {
            throw parser.Error("an unmatched ')'");
        }

        return (node, parser.Groups, parser.HasBackreferences);
    }

    private PatternNode Choice()
    {
        if (++_depth > DepthLimit)
        {
            throw Error("groups nested too deeply");
        }

        var choices = new List<PatternNode> { Sequence() };
        while (!AtEnd && _text[_at] == '|')
        {
            _at++;
            choices.Add(Sequence());
        }

        _depth--;
        return choices.Count == 1 ? choices[0] : new PatternNode.Choice(choices);
    }

    private PatternNode Sequence()
    {
        var parts = new List<PatternNode>();
        while (!AtEnd && _text[_at] is not ('|' or ')'))
        {
            if (_extended && SkipExtended())
            {
                continue;
            }

            if (TryIsolatedOption(out PatternNode? rest))
            {
                parts.Add(rest);
                break;
            }

            parts.Add(Quantified(Atom()));
        }

        return parts.Count switch { 0 => new PatternNode.Empty(), 1 => parts[0], _ => new PatternNode.Sequence(parts) };
    }

    private bool SkipExtended()
    {
        if (char.IsWhiteSpace(_text[_at]))
        {
            _at++;
            return true;
        }

        if (_text[_at] == '#')
        {
            while (!AtEnd && _text[_at] != '\n')
            {
                _at++;
            }

            return true;
        }

        return false;
    }

    // (?i) alone holds to the end of the group, alternatives included: a(?i)b|c is a(?i:b|c).
    private bool TryIsolatedOption(out PatternNode rest)
    {
        rest = new PatternNode.Empty();
        if (!_text.AsSpan(_at).StartsWith("(?"))
        {
            return false;
        }

        int end = _at + 2;
        while (end < _text.Length && (char.IsAsciiLetter(_text[end]) || _text[end] == '-'))
        {
            end++;
        }

        if (end == _at + 2 || end >= _text.Length || _text[end] != ')')
        {
            return false;
        }

        (bool, bool, bool) saved = (_ignoreCase, _dotAll, _extended);
        Options(_text.AsSpan(_at + 2, end - _at - 2));
        _at = end + 1;
        rest = Choice();
        (_ignoreCase, _dotAll, _extended) = saved;
        return true;
    }

    private void Options(ReadOnlySpan<char> letters)
    {
        bool on = true;
        foreach (char c in letters)
        {
            switch (c)
            {
                case '-':
                    on = false;
                    break;
                case 'i':
                    _ignoreCase = on;
                    break;
                case 'm':
                    _dotAll = on;
                    break;
                case 'x':
                    _extended = on;
                    break;
                default:
                    throw new PatternException($"the option '{c}' of a group isn't supported", unsupported: true);
            }
        }
    }

    private PatternNode Quantified(PatternNode atom)
    {
        while (!AtEnd)
        {
            (int Min, int Max)? bounds = _text[_at] switch { '?' => (0, 1), '*' => (0, -1), '+' => (1, -1), _ => null };
            bool interval = false;
            if (bounds is not null)
            {
                _at++;
            }
            else if (_text[_at] == '{' && TryInterval(out (int, int) found))
            {
                bounds = found;
                interval = true;
            }

            if (bounds is not { } b)
            {
                return atom;
            }

            RepeatMode mode = RepeatMode.Greedy;
            if (!AtEnd && _text[_at] == '?')
            {
                _at++;
                if (interval && b.Min == b.Max)
                {
                    atom = new PatternNode.Repeat(new PatternNode.Repeat(atom, b.Min, b.Max, RepeatMode.Greedy), 0, 1, RepeatMode.Greedy);
                    continue;
                }

                mode = RepeatMode.Lazy;
            }
            else if (!AtEnd && _text[_at] == '+' && !interval)
            {
                _at++;
                mode = RepeatMode.Possessive;
            }

            if (++_depth > DepthLimit * 4)
            {
                throw Error("too many nested repetitions");
            }

            atom = new PatternNode.Repeat(atom, b.Min, b.Max, mode);
        }

        return atom;
    }

    private bool TryInterval(out (int Min, int Max) bounds)
    {
        bounds = default;
        int close = _text.IndexOf('}', _at);
        if (close < 0 || close - _at > 14)
        {
            return false;
        }

        string inside = _text[(_at + 1)..close];
        int comma = inside.IndexOf(',');
        string low = comma < 0 ? inside : inside[..comma];
        string high = comma < 0 ? inside : inside[(comma + 1)..];
        int min = 0;
        int max = -1;
        if ((low.Length > 0 && !int.TryParse(low, NumberStyles.None, CultureInfo.InvariantCulture, out min))
            || (high.Length > 0 && !int.TryParse(high, NumberStyles.None, CultureInfo.InvariantCulture, out max))
            || (low.Length == 0 && high.Length == 0))
        {
            return false;
        }

        if (min > 100_000 || max > 100_000)
        {
            throw Error("a repetition of more than 100000");
        }

        if (max >= 0 && max < min)
        {
            (min, max) = (max, min);
        }

        bounds = (min, max);
        _at = close + 1;
        return true;
    }

    private PatternNode Atom()
    {
        char c = _text[_at];
        switch (c)
        {
            case '(':
                return GroupAtom();
            case '[':
                var reader = new ClassReader(_text, _at, _ignoreCase);
                CodePointSet set = reader.Read();
                _at = reader.Position;
                return new PatternNode.One(set);
            case '.':
                _at++;
                return new PatternNode.One(_dotAll ? CodePointSet.All : CodePointSet.Of('\n').Complement());
            case '^':
                _at++;
                return new PatternNode.Anchor(AnchorKind.LineStart);
            case '$':
                _at++;
                return new PatternNode.Anchor(AnchorKind.LineEnd);
            case '\\':
                return Escape();
            case '*' or '+' or '?':
                throw Error("a repetition of nothing");
            default:
                Rune.DecodeFromUtf16(_text.AsSpan(_at), out Rune rune, out int consumed);
                _at += consumed;
                return Literal(rune.Value);
        }
    }

    private PatternNode.One Literal(int codePoint) => new(ClassReader.Fold(CodePointSet.Of(codePoint), _ignoreCase));

    private PatternNode Escape()
    {
        if (_at + 1 >= _text.Length)
        {
            throw Error("a '\\' at its end");
        }

        char c = _text[_at + 1];
        AnchorKind? anchor = c switch
        {
            'A' => AnchorKind.TextStart,
            'z' => AnchorKind.TextEnd,
            'Z' => AnchorKind.TextEndOrLastNewline,
            'b' => AnchorKind.WordBoundary,
            'B' => AnchorKind.NotWordBoundary,
            _ => null,
        };
        if (anchor is { } kind)
        {
            _at += 2;
            return new PatternNode.Anchor(kind);
        }

        if (c is (>= '1' and <= '9') or 'R')
        {
            _at += 2;
            HasBackreferences |= c != 'R';
            return c == 'R' ? s_lineBreak : new PatternNode.Backreference(c - '0');
        }

        if (c is 'G' or 'K' or 'X' or 'g' or 'k' or 'O' or 'N' or 'y' or 'Y')
        {
            throw new PatternException($"'\\{c}' isn't supported", unsupported: true);
        }

        var reader = new ClassReader(_text, _at, _ignoreCase);
        CodePointSet set = reader.ReadEscape();
        _at = reader.Position;
        return new PatternNode.One(ClassReader.Fold(set, _ignoreCase));
    }

    private PatternNode GroupAtom()
    {
        _at++;
        (bool, bool, bool) saved = (_ignoreCase, _dotAll, _extended);
        Func<PatternNode, PatternNode> wrap;
        if (!AtEnd && _text[_at] == '?')
        {
            wrap = SpecialGroup();
        }
        else
        {
            int index = ++Groups;
            wrap = body => new PatternNode.Group(body, index);
        }

        PatternNode inside = Choice();
        if (AtEnd || _text[_at] != ')')
        {
            throw Error("a missing ')'");
        }

        _at++;
        (_ignoreCase, _dotAll, _extended) = saved;
        return wrap(inside);
    }

    private Func<PatternNode, PatternNode> SpecialGroup()
    {
        ReadOnlySpan<char> rest = _text.AsSpan(_at);
        foreach ((string prefix, bool behind, bool negative) in (ReadOnlySpan<(string, bool, bool)>)[("?=", false, false), ("?!", false, true), ("?<=", true, false), ("?<!", true, true)])
        {
            if (rest.StartsWith(prefix))
            {
                _at += prefix.Length;
                return body => new PatternNode.Look(body, behind, negative);
            }
        }

        if (rest.StartsWith("?>"))
        {
            _at += 2;
            return body => new PatternNode.Atomic(body);
        }

        if (rest.StartsWith("?#"))
        {
            int close = _text.IndexOf(')', _at);
            _at = close < 0 ? throw Error("a comment without an end") : close;
            return body => body;
        }

        if (rest.StartsWith("?<") || rest.StartsWith("?'"))
        {
            int close = _text.IndexOf(rest[1] == '<' ? '>' : '\'', _at + 2);
            _at = close < 0 ? throw Error("a group name without an end") : close + 1;
            int index = ++Groups;
            return body => new PatternNode.Group(body, index);
        }

        int end = rest.IndexOf(':');
        if (end < 0)
        {
            throw Error("an unknown kind of group");
        }

        Options(rest[1..end]);
        _at += end + 1;
        return body => body;
    }

    private PatternException Error(string what) => new($"the pattern has {what} (position {_at.ToString(CultureInfo.InvariantCulture)})");
}
