namespace TokenFactory.Inference.Text.Templates;

/// <summary>Filters on lists and dictionaries.</summary>
internal static class ListFilters
{
    public static PythonList Map(RenderContext context, object? value, Arguments arguments)
    {
        Func<object?, object?> project;
        if (arguments.Positional.Count == 0 && arguments.Named.TryGetValue("attribute", out object? attribute))
        {
            bool has = arguments.Named.TryGetValue("default", out object? otherwise);
            project = item => Path(item, attribute) is var found && found is Undefined && has ? otherwise : found;
        }
        else
        {
            string name = PythonText.Str(arguments.Required(0, "filter"));
            Arguments rest = arguments.Skip(1);
            project = item => Filters.Apply(context, name, item, rest);
        }

        return new PythonList([.. Each(context, value).Select(project)]);
    }

    public static PythonList Select(RenderContext context, object? value, Arguments arguments, bool keep, bool byAttribute)
    {
        object? attribute = byAttribute ? arguments.Required(0, "attribute") : null;
        Arguments rest = byAttribute ? arguments.Skip(1) : arguments;
        string? test = rest.Positional.Count > 0 ? PythonText.Str(rest.Positional[0]) : null;
        Arguments parameters = rest.Skip(1);
        return new PythonList([.. Each(context, value).Where(item =>
        {
            object? subject = byAttribute ? Path(item, attribute) : item;
            return (test is null ? PythonOperators.IsTrue(subject) : Tests.Apply(context, test, subject, parameters)) == keep;
        })]);
    }

    public static string Join(RenderContext context, object? value, Arguments arguments)
    {
        string separator = PythonText.Str(arguments.Get(0, "d", ""));
        object? attribute = arguments.Get(1, "attribute");
        var texts = new List<string>();
        foreach (object? item in Each(context, value))
        {
            texts.Add(PythonText.Str(attribute is null ? item : Path(item, attribute)));
            context.Reserve(1, separator.Length + texts[^1].Length);
        }

        return string.Join(separator, texts);
    }

    public static PythonList Sort(RenderContext context, object? value, Arguments arguments)
    {
        bool reverse = PythonOperators.IsTrue(arguments.Get(0, "reverse", false));
        bool caseSensitive = PythonOperators.IsTrue(arguments.Get(1, "case_sensitive", false));
        object? attribute = arguments.Get(2, "attribute");
        List<object?> items = Each(context, value);
        context.Spend(items.Count * 16L);
        return new PythonList(Ordered(items, item => Key(attribute is null ? item : SortPath(item, attribute), caseSensitive), reverse));
    }

    public static PythonList SortDictionary(object? value, Arguments arguments)
    {
        var dictionary = value as PythonDictionary ?? throw Wrong(value);
        bool caseSensitive = PythonOperators.IsTrue(arguments.Get(0, "case_sensitive", false));
        int by = PythonText.Str(arguments.Get(1, "by", "key")) == "value" ? 1 : 0;
        bool reverse = PythonOperators.IsTrue(arguments.Get(2, "reverse", false));
        return new PythonList(Ordered(Members.Pairs(dictionary).Items, pair => Key(((PythonTuple)pair!).Items[by], caseSensitive), reverse));
    }

    public static PythonList Unique(RenderContext context, object? value, Arguments arguments)
    {
        bool caseSensitive = PythonOperators.IsTrue(arguments.Get(0, "case_sensitive", false));
        object? attribute = arguments.Get(1, "attribute");
        var seen = new PythonDictionary();
        var kept = new List<object?>();
        foreach (object? item in Each(context, value))
        {
            object? key = Key(attribute is null ? item : Path(item, attribute), caseSensitive);
            if (!seen.TryGet(key, out _))
            {
                seen.Set(key, null);
                kept.Add(item);
            }
        }

        return new PythonList(kept);
    }

    public static PythonList GroupBy(RenderContext context, object? value, Arguments arguments)
    {
        object? attribute = arguments.Required(0, "attribute");
        var groups = new List<object?>();
        PythonTuple? current = null;
        List<object?> sorted = Ordered(Each(context, value), item => Key(Path(item, attribute), caseSensitive: false), reverse: false);
        foreach (object? item in sorted)
        {
            object? key = Path(item, attribute);
            if (current is null || !PythonOperators.AreEqual(Key(current.Items[0], false), Key(key, false)))
            {
                current = new PythonTuple([key, new PythonList([])]);
                groups.Add(current);
            }

            ((PythonList)current.Items[1]!).Items.Add(item);
        }

        return new PythonList(groups);
    }

    public static object? Extreme(object? value, Arguments arguments, bool greatest)
    {
        bool caseSensitive = PythonOperators.IsTrue(arguments.Get(0, "case_sensitive", false));
        object? attribute = arguments.Get(1, "attribute");
        List<object?> items = Members.Iterate(value);
        if (items.Count == 0)
        {
            return new Undefined("No aggregated item, sequence was empty.");
        }

        object? best = items[0];
        object? bestKey = Key(attribute is null ? best : Path(best, attribute), caseSensitive);
        foreach (object? item in items.Skip(1))
        {
            object? key = Key(attribute is null ? item : Path(item, attribute), caseSensitive);
            int order = PythonOperators.Compare(key, bestKey, greatest ? ">" : "<");
            if (greatest ? order > 0 : order < 0)
            {
                (best, bestKey) = (item, key);
            }
        }

        return best;
    }

    public static object? Sum(RenderContext context, object? value, Arguments arguments)
    {
        object? attribute = arguments.Get(0, "attribute");
        return Each(context, value).Aggregate(arguments.Get(1, "start", 0L),
            (total, item) => PythonOperators.Binary(context, "+", total, attribute is null ? item : Path(item, attribute)));
    }

    public static PythonList Batch(object? value, Arguments arguments)
    {
        int size = Math.Max(1, PythonOperators.Size(arguments.Required(0, "linecount")));
        object? fill = arguments.Get(1, "fill_with");
        var rows = new List<object?>();
        foreach (object?[] chunk in Members.Iterate(value).Chunk(size))
        {
            List<object?> row = [.. chunk];
            while (fill is not null && row.Count < Math.Min(size, 100_000))
            {
                row.Add(fill);
            }

            rows.Add(new PythonList(row));
        }

        return new PythonList(rows);
    }

    public static PythonList Slice(object? value, Arguments arguments)
    {
        List<object?> items = Members.Iterate(value);
        int slices = Math.Clamp(PythonOperators.Size(arguments.Required(0, "slices")), 1, 100_000);
        object? fill = arguments.Get(1, "fill_with");
        int each = items.Count / slices;
        int longer = items.Count % slices;
        var result = new List<object?>();
        int at = 0;
        for (int i = 0; i < slices; i++)
        {
            int count = each + (i < longer ? 1 : 0);
            List<object?> part = items.GetRange(at, count);
            at += count;
            if (fill is not null && i >= longer)
            {
                part.Add(fill);
            }

            result.Add(new PythonList(part));
        }

        return new PythonList(result);
    }

    private static List<object?> Each(RenderContext context, object? value)
    {
        List<object?> items = Members.Iterate(value);
        context.Spend(items.Count);
        return items;
    }

    private static List<object?> Ordered(List<object?> items, Func<object?, object?> key, bool reverse)
    {
        Comparer<object?> comparer = Comparer<object?>.Create((a, b) => PythonOperators.Compare(a, b, "<"));
        try
        {
            return reverse ? [.. items.OrderByDescending(key, comparer)] : [.. items.OrderBy(key, comparer)];
        }
        catch (InvalidOperationException e) when (e.InnerException is ChatTemplateException inner)
        {
            throw inner;
        }
    }

    private static object? Key(object? value, bool caseSensitive) => value is string s && !caseSensitive ? StringMethods.Lower(s) : value;

    private static object? Path(object? item, object? attribute)
    {
        if (attribute is not string path)
        {
            return Members.Item(item, attribute);
        }

        foreach (string part in path.Split('.'))
        {
            item = long.TryParse(part, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long index)
                ? Members.Item(item, index) : Members.Item(item, part);
        }

        return item;
    }

    private static object? SortPath(object? item, object? attribute) => attribute is string several && several.Contains(',', StringComparison.Ordinal)
        ? new PythonList([.. several.Split(',').Select(a => Path(item, a.Trim()))]) : Path(item, attribute);

    private static ChatTemplateException Wrong(object? value) => ChatTemplateException.Failed($"'{PythonText.TypeName(value)}' object has no attribute 'items'");
}
