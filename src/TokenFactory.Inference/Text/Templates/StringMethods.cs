using System.Globalization;
using System.Text;
using TokenFactory.Inference.Text.Characters;

namespace TokenFactory.Inference.Text.Templates;

/// <summary>The methods of a text.</summary>
internal static class StringMethods
{
    public delegate object? Method(RenderContext context, string text, Arguments arguments);

    private static readonly Dictionary<string, Method> s_methods = new()
    {
        ["upper"] = (_, s, _) => Upper(s),
        ["lower"] = (_, s, _) => Lower(s),
        ["casefold"] = (_, s, _) => Lower(s),
        ["capitalize"] = (_, s, _) => Capitalize(s),
        ["title"] = (_, s, _) => Title(s),
        ["swapcase"] = (_, s, _) => string.Concat(s.Select(c => char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c))),
        ["strip"] = (_, s, a) => Strip(s, a.Get(0, "chars"), left: true, right: true),
        ["lstrip"] = (_, s, a) => Strip(s, a.Get(0, "chars"), left: true, right: false),
        ["rstrip"] = (_, s, a) => Strip(s, a.Get(0, "chars"), left: false, right: true),
        ["split"] = (_, s, a) => Split(s, a.Get(0, "sep"), a.Get(1, "maxsplit")),
        ["rsplit"] = (_, s, a) => SplitFromRight(s, a.Get(0, "sep"), a.Get(1, "maxsplit")),
        ["splitlines"] = (_, s, a) => SplitLines(s, PythonOperators.IsTrue(a.Get(0, "keepends"))),
        ["partition"] = (_, s, a) => Partition(s, Text(a, 0), last: false),
        ["rpartition"] = (_, s, a) => Partition(s, Text(a, 0), last: true),
        ["startswith"] = (_, s, a) => Affix(s, a, (t, p) => t.StartsWith(p, StringComparison.Ordinal)),
        ["endswith"] = (_, s, a) => Affix(s, a, (t, p) => t.EndsWith(p, StringComparison.Ordinal)),
        ["removeprefix"] = (_, s, a) => s.StartsWith(Text(a, 0), StringComparison.Ordinal) ? s[Text(a, 0).Length..] : s,
        ["removesuffix"] = (_, s, a) => Text(a, 0) is { Length: > 0 } x && s.EndsWith(x, StringComparison.Ordinal) ? s[..^x.Length] : s,
        ["replace"] = (c, s, a) => Replace(c, s, Text(a, 0), Text(a, 1), a.Has(2, "count") ? PythonOperators.Integer(a.Get(2, "count")) : -1),
        ["find"] = (_, s, a) => Position(s, s.IndexOf(Text(a, 0), StringComparison.Ordinal)),
        ["rfind"] = (_, s, a) => Position(s, s.LastIndexOf(Text(a, 0), StringComparison.Ordinal)),
        ["index"] = (_, s, a) => Found(Position(s, s.IndexOf(Text(a, 0), StringComparison.Ordinal))),
        ["rindex"] = (_, s, a) => Found(Position(s, s.LastIndexOf(Text(a, 0), StringComparison.Ordinal))),
        ["count"] = (_, s, a) => Count(s, Text(a, 0)),
        ["join"] = (c, s, a) => Join(c, s, a.Required(0, "iterable")),
        ["format"] = (c, s, a) => PythonFormat.Format(c, s, a),
        ["zfill"] = (c, s, a) => Fill(c, s, a),
        ["ljust"] = (c, s, a) => Pad(c, s, a, left: false, right: true),
        ["rjust"] = (c, s, a) => Pad(c, s, a, left: true, right: false),
        ["center"] = (c, s, a) => Pad(c, s, a, left: true, right: true),
        ["isdigit"] = (_, s, _) => s.Length > 0 && s.All(char.IsDigit),
        ["isdecimal"] = (_, s, _) => s.Length > 0 && s.All(char.IsDigit),
        ["isnumeric"] = (_, s, _) => s.Length > 0 && s.All(char.IsNumber),
        ["isalpha"] = (_, s, _) => s.Length > 0 && s.All(char.IsLetter),
        ["isalnum"] = (_, s, _) => s.Length > 0 && s.All(c => char.IsLetter(c) || char.IsNumber(c)),
        ["isspace"] = (_, s, _) => s.Length > 0 && s.All(PythonText.IsSpace),
        ["isupper"] = (_, s, _) => s.Any(char.IsUpper) && !s.Any(char.IsLower),
        ["islower"] = (_, s, _) => s.Any(char.IsLower) && !s.Any(char.IsUpper),
    };

    public static Method? Find(string name) => s_methods.GetValueOrDefault(name);

    public static string Lower(string text)
    {
        if (System.Text.Ascii.IsValid(text))
        {
            return text.ToLowerInvariant();
        }

        var output = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            ReadOnlySpan<int> lower = UnicodeTables.Instance.Lower(rune.Value);
            if (lower.IsEmpty)
            {
                output.Append(rune.ToString());
            }

            foreach (int c in lower)
            {
                output.Append(new Rune(c).ToString());
            }
        }

        return output.ToString();
    }

    public static string Upper(string text) => text.ToUpperInvariant().Replace("ß", "SS", StringComparison.Ordinal);

    public static string Capitalize(string text)
    {
        if (text.Length == 0)
        {
            return text;
        }

        int width = char.IsSurrogatePair(text, 0) ? 2 : 1;
        return Upper(text[..width]) + Lower(text[width..]);
    }

    public static string Title(string text)
    {
        char[] output = text.ToCharArray();
        bool inside = false;
        for (int i = 0; i < output.Length; i++)
        {
            output[i] = inside ? char.ToLowerInvariant(output[i]) : char.ToUpperInvariant(output[i]);
            inside = char.IsLetter(output[i]);
        }

        return new string(output);
    }

    public static string Strip(string text, object? characters, bool left, bool right)
    {
        char[] set = characters is null ? PythonText.Whitespace
            : characters is string own ? own.ToCharArray() : throw ChatTemplateException.Failed("strip arg must be None or str");
        if (set.Length == 0)
        {
            return text;
        }

        text = left ? text.TrimStart(set) : text;
        return right ? text.TrimEnd(set) : text;
    }

    public static string Replace(RenderContext context, string text, string from, string to, long count)
    {
        long matches = from.Length == 0 ? text.Length + 1 : Count(text, from);
        matches = count < 0 ? matches : Math.Min(count, matches);
        context.Reserve(Math.Max(1, to.Length), matches);
        if (from.Length > 0 && matches >= 0 && count < 0)
        {
            return text.Replace(from, to, StringComparison.Ordinal);
        }

        var output = new StringBuilder();
        if (from.Length == 0)
        {
            List<string> characters = PythonText.Characters(text);
            for (int i = 0; i <= characters.Count; i++)
            {
                output.Append(i < matches ? to : "").Append(i < characters.Count ? characters[i] : "");
            }

            return output.ToString();
        }

        int last = 0;
        for (long k = 0; k < matches; k++)
        {
            int at = text.IndexOf(from, last, StringComparison.Ordinal);
            output.Append(text, last, at - last).Append(to);
            last = at + from.Length;
        }

        return output.Append(text, last, text.Length - last).ToString();
    }

    public static string Join(RenderContext context, string separator, object? items)
    {
        var texts = new List<string>();
        foreach (object? item in Members.Iterate(items))
        {
            texts.Add(item as string ?? throw ChatTemplateException.Failed(
                $"sequence item {texts.Count.ToString(CultureInfo.InvariantCulture)}: expected str instance, {PythonText.TypeName(item)} found"));
            context.Reserve(1, separator.Length + texts[^1].Length);
        }

        return string.Join(separator, texts);
    }

    private static string Text(Arguments arguments, int position) => arguments.Required(position, "argument") as string
        ?? throw ChatTemplateException.Failed($"must be str, not {PythonText.TypeName(arguments.Get(position, "argument"))}");

    private static long Position(string text, int at) => at <= 0 ? at : PythonText.Length(text[..at]);

    private static long Found(long at) => at >= 0 ? at : throw ChatTemplateException.Failed("substring not found");

    private static long Count(string text, string part)
    {
        if (part.Length == 0)
        {
            return PythonText.Length(text) + 1;
        }

        long count = 0;
        for (int at = text.IndexOf(part, StringComparison.Ordinal); at >= 0; at = text.IndexOf(part, at + part.Length, StringComparison.Ordinal))
        {
            count++;
        }

        return count;
    }

    private static bool Affix(string text, Arguments arguments, Func<string, string, bool> matches) => arguments.Required(0, "prefix") switch
    {
        string one => matches(text, one),
        PythonTuple many => many.Items.Any(p => p is string s && matches(text, s)),
        var other => throw ChatTemplateException.Failed($"startswith first arg must be str or a tuple of str, not {PythonText.TypeName(other)}"),
    };

    private static PythonList Split(string text, object? separator, object? most)
    {
        long limit = most is null ? -1 : PythonOperators.Integer(most);
        var parts = new List<object?>();
        if (separator is null)
        {
            string rest = text.TrimStart(PythonText.Whitespace);
            while (rest.Length > 0)
            {
                int end = rest.AsSpan().IndexOfAny(PythonText.Whitespace);
                if (end < 0 || (limit >= 0 && parts.Count >= limit))
                {
                    parts.Add(end < 0 ? rest : rest.TrimEnd(PythonText.Whitespace));
                    break;
                }

                parts.Add(rest[..end]);
                rest = rest[end..].TrimStart(PythonText.Whitespace);
            }

            return new PythonList(parts);
        }

        string cut = Separator(separator);
        int from = 0;
        while (limit < 0 || parts.Count < limit)
        {
            int at = text.IndexOf(cut, from, StringComparison.Ordinal);
            if (at < 0)
            {
                break;
            }

            parts.Add(text[from..at]);
            from = at + cut.Length;
        }

        parts.Add(text[from..]);
        return new PythonList(parts);
    }

    private static PythonList SplitFromRight(string text, object? separator, object? most)
    {
        long limit = most is null ? -1 : PythonOperators.Integer(most);
        if (limit < 0)
        {
            return Split(text, separator, null);
        }

        var parts = new List<object?>();
        int end = text.Length;
        string? cut = separator is null ? null : Separator(separator);
        while (parts.Count < limit)
        {
            string head = cut is null ? text[..end].TrimEnd(PythonText.Whitespace) : text[..end];
            int at = cut is null ? head.LastIndexOfAny(PythonText.Whitespace) : head.LastIndexOf(cut, StringComparison.Ordinal);
            if (at < 0)
            {
                break;
            }

            parts.Add(head[(at + (cut?.Length ?? 1))..]);
            end = at;
        }

        string rest = cut is null ? text[..end].Trim(PythonText.Whitespace) : text[..end];
        if (cut is not null || rest.Length > 0)
        {
            parts.Add(rest);
        }

        parts.Reverse();
        return new PythonList(parts);
    }

    private static string Separator(object? separator) => separator switch
    {
        string { Length: > 0 } s => s,
        string => throw ChatTemplateException.Failed("empty separator"),
        _ => throw ChatTemplateException.Failed($"must be str or None, not {PythonText.TypeName(separator)}"),
    };

    private static PythonList SplitLines(string text, bool keepEnds)
    {
        var lines = new List<object?>();
        int from = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is '\n' or '\r' or '\v' or '\f' or '\x1C' or '\x1D' or '\x1E' or '\x85' or '\u2028' or '\u2029')
            {
                int end = i;
                i += text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? 1 : 0;
                lines.Add(text[from..(keepEnds ? i + 1 : end)]);
                from = i + 1;
            }
        }

        if (from < text.Length)
        {
            lines.Add(text[from..]);
        }

        return new PythonList(lines);
    }

    private static PythonTuple Partition(string text, string separator, bool last)
    {
        int at = last ? text.LastIndexOf(Separator(separator), StringComparison.Ordinal) : text.IndexOf(Separator(separator), StringComparison.Ordinal);
        return at < 0 ? new PythonTuple(last ? ["", "", text] : [text, "", ""])
            : new PythonTuple([text[..at], separator, text[(at + separator.Length)..]]);
    }

    private static string Fill(RenderContext context, string text, Arguments arguments)
    {
        int missing = PythonOperators.Size(arguments.Required(0, "width")) - PythonText.Length(text);
        if (missing <= 0)
        {
            return text;
        }

        context.Reserve(1, missing);
        int sign = text.Length > 0 && text[0] is '-' or '+' ? 1 : 0;
        return text[..sign] + new string('0', missing) + text[sign..];
    }

    private static string Pad(RenderContext context, string text, Arguments arguments, bool left, bool right)
    {
        int width = PythonOperators.Size(arguments.Required(0, "width"));
        int missing = Math.Max(0, width - PythonText.Length(text));
        context.Reserve(1, missing);
        char fill = arguments.Get(1, "fillchar", " ") is string { Length: 1 } one ? one[0] : ' ';
        int before = !left ? 0 : !right ? missing : (missing / 2) + (missing & width & 1);
        return new string(fill, before) + text + new string(fill, missing - before);
    }
}
