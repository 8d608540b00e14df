using System.Globalization;

namespace TokenFactory.Inference.Text.Templates;

/// <summary>The filters behind <c>|</c>.</summary>
internal static class Filters
{
    public delegate object? Filter(RenderContext context, object? value, Arguments arguments);

    private static readonly Dictionary<string, Filter> s_filters = new()
    {
        ["abs"] = (_, v, _) => v is double d ? (object)Math.Abs(d) : PythonOperators.Integer(v) is var n && n != long.MinValue ? Math.Abs(n) : throw ChatTemplateException.Limit("a number is too large"),
        ["attr"] = (_, v, a) => v is PythonDictionary d ? Undefined.OfMember(d, a.Required(0, "name")) : Members.Attribute(v, PythonText.Str(a.Required(0, "name"))),
        ["batch"] = (_, v, a) => ListFilters.Batch(v, a),
        ["capitalize"] = (_, v, _) => StringMethods.Capitalize(PythonText.Str(v)),
        ["center"] = (c, v, a) => StringMethods.Find("center")!(c, PythonText.Str(v), new Arguments([a.Get(0, "width", 80L)], [])),
        ["length"] = (_, v, _) => Length(v),
        ["default"] = (_, v, a) => v is Undefined || (PythonOperators.IsTrue(a.Get(1, "boolean", false)) && !PythonOperators.IsTrue(v)) ? a.Get(0, "default_value", "") : v,
        ["dictsort"] = (_, v, a) => ListFilters.SortDictionary(v, a),
        ["escape"] = (_, v, _) => Escape(PythonText.Str(v)),
        ["filesizeformat"] = (_, v, a) => FileSize(v, PythonOperators.IsTrue(a.Get(0, "binary", false))),
        ["first"] = (_, v, _) => Members.Iterate(v) is { Count: > 0 } items ? items[0] : new Undefined("No first item, sequence was empty."),
        ["float"] = (_, v, a) => ToFloat(v, a.Get(0, "default", 0.0)),
        ["format"] = (c, v, a) => PythonFormat.Percent(c, PythonText.Str(v), a.Named.Count > 0 ? Globals.All["dict"].Invoke(c, a) : new PythonTuple(a.Positional)),
        ["groupby"] = (c, v, a) => ListFilters.GroupBy(c, v, a),
        ["indent"] = (c, v, a) => Indent(c, PythonText.Str(v), a),
        ["int"] = (_, v, a) => ToInteger(v, a.Get(0, "default", 0L), a.Get(1, "base", 10L)),
        ["items"] = (_, v, _) => v is Undefined ? new PythonList([]) : v is PythonDictionary d ? Members.Pairs(d) : throw ChatTemplateException.Failed("Can only get item pairs from a mapping."),
        ["join"] = (c, v, a) => ListFilters.Join(c, v, a),
        ["last"] = (_, v, _) => Members.Iterate(v) is { Count: > 0 } items ? items[^1] : new Undefined("No last item, sequence was empty."),
        ["list"] = (_, v, _) => new PythonList([.. Members.Iterate(v)]),
        ["lower"] = (_, v, _) => StringMethods.Lower(PythonText.Str(v)),
        ["map"] = (c, v, a) => ListFilters.Map(c, v, a),
        ["max"] = (_, v, a) => ListFilters.Extreme(v, a, greatest: true),
        ["min"] = (_, v, a) => ListFilters.Extreme(v, a, greatest: false),
        ["pprint"] = (_, v, _) => PythonText.Repr(v),
        ["reject"] = (c, v, a) => ListFilters.Select(c, v, a, keep: false, byAttribute: false),
        ["rejectattr"] = (c, v, a) => ListFilters.Select(c, v, a, keep: false, byAttribute: true),
        ["select"] = (c, v, a) => ListFilters.Select(c, v, a, keep: true, byAttribute: false),
        ["selectattr"] = (c, v, a) => ListFilters.Select(c, v, a, keep: true, byAttribute: true),
        ["replace"] = (c, v, a) => StringMethods.Replace(c, PythonText.Str(v), PythonText.Str(a.Required(0, "old")), PythonText.Str(a.Required(1, "new")),
            a.Get(2, "count") is { } count ? PythonOperators.Integer(count) : -1),
        ["reverse"] = (_, v, _) => v is string s ? string.Concat(PythonText.Characters(s).AsEnumerable().Reverse()) : new PythonList([.. Members.Iterate(v).AsEnumerable().Reverse()]),
        ["round"] = (_, v, a) => Round(v, a),
        ["safe"] = (_, v, _) => PythonText.Str(v),
        ["slice"] = (_, v, a) => ListFilters.Slice(v, a),
        ["sort"] = (c, v, a) => ListFilters.Sort(c, v, a),
        ["string"] = (_, v, _) => PythonText.Str(v),
        ["striptags"] = (_, v, _) => StripTags(PythonText.Str(v)),
        ["sum"] = (c, v, a) => ListFilters.Sum(c, v, a),
        ["title"] = (_, v, _) => StringMethods.Title(PythonText.Str(v)),
        ["tojson"] = PythonJson.Write,
        ["trim"] = (_, v, a) => StringMethods.Strip(PythonText.Str(v), a.Get(0, "chars"), left: true, right: true),
        ["truncate"] = (_, v, a) => Truncate(PythonText.Str(v), a),
        ["unique"] = (c, v, a) => ListFilters.Unique(c, v, a),
        ["upper"] = (_, v, _) => StringMethods.Upper(PythonText.Str(v)),
        ["urlencode"] = (_, v, _) => Uri.EscapeDataString(PythonText.Str(v)).Replace("%2F", "/", StringComparison.Ordinal),
        ["wordcount"] = (_, v, _) => (long)PythonText.Str(v).Split(PythonText.Whitespace, StringSplitOptions.RemoveEmptyEntries).Length,
    };

    private static readonly Dictionary<string, string> s_aliases = new()
    {
        ["count"] = "length", ["d"] = "default", ["e"] = "escape", ["forceescape"] = "escape",
    };

    public static bool Exists(string name) => s_filters.ContainsKey(name) || s_aliases.ContainsKey(name);

    public static object? Apply(RenderContext context, string name, object? value, Arguments arguments)
    {
        context.Charge(value);
        return s_filters.TryGetValue(s_aliases.GetValueOrDefault(name, name), out Filter? filter)
            ? context.Made(filter(context, value, arguments)) : throw ChatTemplateException.Failed($"No filter named '{name}'.");
    }

    private static long Length(object? value) => value switch
    {
        string s => PythonText.Length(s),
        PythonList list => list.Items.Count,
        PythonDictionary dictionary => dictionary.Count,
        Undefined => 0,
        _ => throw ChatTemplateException.Failed($"object of type '{PythonText.TypeName(value)}' has no len()"),
    };

    private static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal).Replace("'", "&#39;", StringComparison.Ordinal).Replace("\"", "&#34;", StringComparison.Ordinal);

    private static string StripTags(string text)
    {
        var output = new System.Text.StringBuilder();
        int depth = 0;
        foreach (char c in text)
        {
            depth += c == '<' ? 1 : 0;
            if (depth == 0)
            {
                output.Append(c);
            }

            depth -= c == '>' && depth > 0 ? 1 : 0;
        }

        return string.Join(' ', output.ToString().Split(PythonText.Whitespace, StringSplitOptions.RemoveEmptyEntries));
    }

    private static object? ToFloat(object? value, object? otherwise) => value switch
    {
        string s when double.TryParse(s.Trim(PythonText.Whitespace), NumberStyles.Float, CultureInfo.InvariantCulture, out double parsed) => parsed,
        _ => PythonOperators.TryNumber(value, out double number) ? number : otherwise,
    };

    private static object? ToInteger(object? value, object? otherwise, object? radix)
    {
        switch (value)
        {
            case double d:
                return double.IsFinite(d) && Math.Abs(d) < 9.2e18 ? (long)d : otherwise;
            case long or bool:
                return PythonOperators.Integer(value);
            case string s:
                string text = s.Trim(PythonText.Whitespace).Replace("_", "", StringComparison.Ordinal);
                if (PythonOperators.Integer(radix) == 16 && long.TryParse(text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text[2..] : text,
                    NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long hexadecimal))
                {
                    return hexadecimal;
                }

                return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) ? whole
                    : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && Math.Abs(number) < 9.2e18 ? (long)number : otherwise;
            default:
                return otherwise;
        }
    }

    private static string Indent(RenderContext context, string text, Arguments arguments)
    {
        string space = arguments.Get(0, "width", 4L) is string own ? own : new string(' ', Math.Clamp(PythonOperators.Size(arguments.Get(0, "width", 4L)), 0, 10_000));
        bool first = PythonOperators.IsTrue(arguments.Get(1, "first", false));
        bool blank = PythonOperators.IsTrue(arguments.Get(2, "blank", false));
        string[] lines = (text + "\n").Split('\n');
        context.Reserve(Math.Max(1, space.Length), lines.Length);

        // As in Jinja, the line that an added newline opens is not one of the text's.
        IEnumerable<string> body = lines.SkipLast(1).Select((line, i) => i == 0 || (line.Length == 0 && !blank) ? line : space + line);
        return (first ? space : "") + string.Join('\n', body);
    }

    private static object Round(object? value, Arguments arguments)
    {
        int precision = Math.Clamp(PythonOperators.Size(arguments.Get(0, "precision", 0L)), -15, 15);
        if (!PythonOperators.TryNumber(value, out double number))
        {
            throw ChatTemplateException.Failed($"type {PythonText.TypeName(value)} doesn't define __round__ method");
        }

        double scale = Math.Pow(10, precision);
        string method = PythonText.Str(arguments.Get(1, "method", "common"));
        if (method == "common" && value is long or bool && precision >= 0)
        {
            return PythonOperators.Integer(value);
        }

        return method switch
        {
            "ceil" => Math.Ceiling(number * scale) / scale,
            "floor" => Math.Floor(number * scale) / scale,
            _ => precision >= 0 ? Math.Round(number, precision, MidpointRounding.ToEven) : Math.Round(number * scale, MidpointRounding.ToEven) / scale,
        };
    }

    private static string Truncate(string text, Arguments arguments)
    {
        int length = PythonOperators.Size(arguments.Get(0, "length", 255L));
        string end = PythonText.Str(arguments.Get(2, "end", "..."));
        int leeway = arguments.Get(3, "leeway") is { } own ? PythonOperators.Size(own) : 5;
        if (text.Length <= length + leeway)
        {
            return text;
        }

        string cut = text[..Math.Clamp(length - end.Length, 0, text.Length)];
        int space = cut.LastIndexOf(' ');
        return (PythonOperators.IsTrue(arguments.Get(1, "killwords", false)) || space < 0 ? cut : cut[..space]) + end;
    }

    private static string FileSize(object? value, bool binary)
    {
        double bytes = PythonOperators.TryNumber(value, out double number) ? number : throw ChatTemplateException.Failed("could not convert to float");
        double unit = binary ? 1024 : 1000;
        if (bytes is 1)
        {
            return "1 Byte";
        }

        if (bytes < unit)
        {
            return ((long)bytes).ToString(CultureInfo.InvariantCulture) + " Bytes";
        }

        string[] prefixes = binary ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"] : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
        int power = 1;
        while (power < prefixes.Length && bytes >= Math.Pow(unit, power + 1))
        {
            power++;
        }

        return (bytes / Math.Pow(unit, power)).ToString("F1", CultureInfo.InvariantCulture) + " " + prefixes[power - 1];
    }
}
