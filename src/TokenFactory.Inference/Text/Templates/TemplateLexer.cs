using System.Text;

namespace TokenFactory.Inference.Text.Templates;

internal enum TokenKind
{
    Data,
    VariableBegin,
    VariableEnd,
    BlockBegin,
    BlockEnd,
    Name,
    Text,
    Integer,
    Float,
    Operator,
    End,
}

internal readonly record struct Token(TokenKind Kind, string Value, int Line);

/// <summary>Cuts a template into tokens by Jinja's rules with <c>trim_blocks</c> and <c>lstrip_blocks</c>.</summary>
internal sealed class TemplateLexer
{
    private static readonly string[] s_operators = ["//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"];

    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private int _at;
    private int _line = 1;
    private int _lineCounted;
    private bool _lineStarting = true;

    private TemplateLexer(string source) => _source = source;

    /// <exception cref="ChatTemplateException">A tag, comment or text has no end, or a character belongs nowhere.</exception>
    public static List<Token> Lex(string template)
    {
        string source = template.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (source.EndsWith('\n'))
        {
            source = source[..^1];
        }

        var lexer = new TemplateLexer(source);
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        while (_at < _source.Length)
        {
            int begin = NextTag(_at);
            if (begin < 0)
            {
                Add(TokenKind.Data, _source[_at..]);
                _at = _source.Length;
                break;
            }

            char kind = _source[begin + 1];
            char sign = begin + 2 < _source.Length ? _source[begin + 2] : '\0';
            AddData(_source[_at..begin], sign, strips: kind != '{');
            _at = begin + 2 + (sign is '-' or '+' ? 1 : 0);
            switch (kind)
            {
                case '#':
                    Comment();
                    break;
                case '%' when TryRaw():
                    break;
                default:
                    Add(kind == '%' ? TokenKind.BlockBegin : TokenKind.VariableBegin, "");
                    Inside(kind == '%');
                    break;
            }
        }

        Add(TokenKind.End, "");
    }

    private int NextTag(int from)
    {
        for (int at = _source.IndexOf('{', from); at >= 0 && at + 1 < _source.Length; at = _source.IndexOf('{', at + 1))
        {
            if (_source[at + 1] is '{' or '%' or '#')
            {
                return at;
            }
        }

        return -1;
    }

    private void AddData(string text, char sign, bool strips)
    {
        if (sign == '-')
        {
            text = text.TrimEnd(PythonText.Whitespace);
        }
        else if (sign != '+' && strips)
        {
            int line = text.LastIndexOf('\n') + 1;
            if ((line > 0 || _lineStarting) && text.AsSpan(line).Trim(PythonText.Whitespace).IsEmpty)
            {
                text = text[..line];
            }
        }

        if (text.Length > 0)
        {
            Add(TokenKind.Data, text);
        }
    }

    private void Comment()
    {
        int end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0)
        {
            throw Error("a comment has no end");
        }

        char sign = end > _at ? _source[end - 1] : '\0';
        _at = end + 2;
        AfterTag(sign, trims: true);
    }

    // A tag's end eats the whitespace that its sign or trim_blocks says.
    private void AfterTag(char sign, bool trims)
    {
        int from = _at;
        if (sign == '-')
        {
            while (_at < _source.Length && PythonText.IsSpace(_source[_at]))
            {
                _at++;
            }
        }
        else if (sign != '+' && trims && _at < _source.Length && _source[_at] == '\n')
        {
            _at++;
        }

        _lineStarting = _at > from && _source[_at - 1] == '\n';
    }

    private bool TryRaw()
    {
        int at = SkipSpace(_at);
        if (!_source.AsSpan(at).StartsWith("raw"))
        {
            return false;
        }

        at = SkipSpace(at + 3);
        char sign = at < _source.Length && _source[at] is '-' ? _source[at++] : '\0';
        if (!_source.AsSpan(at).StartsWith("%}"))
        {
            return false;
        }

        // trim_blocks does not hold for the newline after raw's own tag.
        _at = at + 2;
        AfterTag(sign, trims: false);
        int from = _at;
        for (int tag = _source.IndexOf("{%", from, StringComparison.Ordinal); tag >= 0; tag = _source.IndexOf("{%", tag + 2, StringComparison.Ordinal))
        {
            char begin = tag + 2 < _source.Length ? _source[tag + 2] : '\0';
            int inside = SkipSpace(tag + 2 + (begin is '-' or '+' ? 1 : 0));
            if (!_source.AsSpan(inside).StartsWith("endraw"))
            {
                continue;
            }

            inside = SkipSpace(inside + 6);
            char end = inside < _source.Length && _source[inside] is '-' or '+' ? _source[inside++] : '\0';
            if (_source.AsSpan(inside).StartsWith("%}"))
            {
                AddData(_source[from..tag], begin, strips: true);
                _at = inside + 2;
                AfterTag(end, trims: true);
                return true;
            }
        }

        throw Error("a raw block has no end");
    }

    private int SkipSpace(int at)
    {
        while (at < _source.Length && PythonText.IsSpace(_source[at]))
        {
            at++;
        }

        return at;
    }

    private void Inside(bool block)
    {
        string close = block ? "%}" : "}}";
        int open = 0;
        while (true)
        {
            _at = SkipSpace(_at);
            if (_at >= _source.Length)
            {
                throw Error("a tag has no end");
            }

            ReadOnlySpan<char> rest = _source.AsSpan(_at);
            char c = rest[0];
            if (open == 0)
            {
                bool signed = c is '-' || (c is '+' && block);
                if (rest.StartsWith(close) || (signed && rest[1..].StartsWith(close)))
                {
                    _at += signed ? 3 : 2;
                    Add(block ? TokenKind.BlockEnd : TokenKind.VariableEnd, "");
                    AfterTag(signed ? c : '\0', trims: block);
                    return;
                }
            }

            if (c is '"' or '\'')
            {
                Quoted(c);
            }
            else if (char.IsAsciiDigit(c))
            {
                Number();
            }
            else if (c == '_' || char.IsLetter(c))
            {
                int end = _at + 1;
                while (end < _source.Length && (_source[end] == '_' || char.IsLetterOrDigit(_source[end])))
                {
                    end++;
                }

                Add(TokenKind.Name, _source[_at..end]);
                _at = end;
            }
            else
            {
                open += Operator(rest);
            }
        }
    }

    private int Operator(ReadOnlySpan<char> rest)
    {
        foreach (string candidate in s_operators)
        {
            if (rest.StartsWith(candidate))
            {
                Add(TokenKind.Operator, candidate);
                _at += candidate.Length;
                return candidate is "(" or "[" or "{" ? 1 : candidate is ")" or "]" or "}" ? -1 : 0;
            }
        }

        throw Error($"unexpected character '{rest[0]}'");
    }

    private void Number()
    {
        int end = _at;
        bool fraction = false;
        if (_source[_at] == '0' && _at + 1 < _source.Length && char.ToLowerInvariant(_source[_at + 1]) is 'x' or 'o' or 'b')
        {
            end += 2;
            while (end < _source.Length && (char.IsAsciiHexDigit(_source[end]) || _source[end] == '_'))
            {
                end++;
            }
        }
        else
        {
            end = Digits(end);
            if (end + 1 < _source.Length && _source[end] == '.' && char.IsAsciiDigit(_source[end + 1]))
            {
                fraction = true;
                end = Digits(end + 1);
            }

            if (end < _source.Length && _source[end] is 'e' or 'E')
            {
                int exponent = end + 1 < _source.Length && _source[end + 1] is '+' or '-' ? end + 2 : end + 1;
                if (exponent < _source.Length && char.IsAsciiDigit(_source[exponent]))
                {
                    fraction = true;
                    end = Digits(exponent);
                }
            }
        }

        Add(fraction ? TokenKind.Float : TokenKind.Integer, _source[_at..end].Replace("_", "", StringComparison.Ordinal));
        _at = end;
    }

    private int Digits(int at)
    {
        while (at < _source.Length && (char.IsAsciiDigit(_source[at]) || _source[at] == '_'))
        {
            at++;
        }

        return at;
    }

    private void Quoted(char quote)
    {
        var text = new StringBuilder();
        int at = _at + 1;
        while (true)
        {
            if (at >= _source.Length)
            {
                throw Error("a text has no closing quote");
            }

            char c = _source[at];
            if (c == quote)
            {
                break;
            }

            if (c == '\\' && at + 1 < _source.Length)
            {
                at = TextEscape.Read(_source, at + 1, text) is var next && next > 0 ? next : throw Error("a text has a malformed escape");
            }
            else
            {
                text.Append(c);
                at++;
            }
        }

        Add(TokenKind.Text, text.ToString());
        _at = at + 1;
    }

    private void Add(TokenKind kind, string value)
    {
        while (_lineCounted < _at)
        {
            _line += _source[_lineCounted++] == '\n' ? 1 : 0;
        }

        _tokens.Add(new Token(kind, value, _line));
    }

    private ChatTemplateException Error(string what)
    {
        Add(TokenKind.End, "");
        return ChatTemplateException.Invalid(what, _line);
    }
}
