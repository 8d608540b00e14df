namespace TokenFactory.Inference.Text.Templates;

/// <summary>Attributes, items, slices and iteration, as Jinja's immutable sandbox allows them.</summary>
internal static class Members
{
    private static readonly HashSet<string> s_listChanges = ["append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"];
    private static readonly HashSet<string> s_dictionaryChanges = ["clear", "pop", "popitem", "setdefault", "update"];

    /// <summary><c>owner.name</c>: attributes first, then items.</summary>
    public static object? Attribute(object? owner, string name) =>
        TryOwn(owner, name, out object? own) ? own : TryItem(owner, name, out object? item) ? item : Missing(owner, name);

    /// <summary><c>owner[item]</c>: items first, then attributes.</summary>
    public static object? Item(object? owner, object? item) =>
        TryItem(owner, item, out object? value) ? value : item is string name && TryOwn(owner, name, out object? own) ? own : Missing(owner, item);

    public static List<object?> Iterate(object? value) => value switch
    {
        PythonList list => list.Items,
        PythonDictionary dictionary => [.. dictionary.Keys],
        string text => [.. PythonText.Characters(text)],
        Undefined => [],
        _ => throw ChatTemplateException.Failed($"'{PythonText.TypeName(value)}' object is not iterable"),
    };

    public static object? Slice(object? value, object? start, object? stop, object? step)
    {
        if (value is Undefined undefined)
        {
            throw undefined.Failure();
        }

        if (value is not (string or PythonList))
        {
            return Missing(value, "slice");
        }

        int stride = step is null ? 1 : PythonOperators.Size(step);
        if (stride == 0)
        {
            throw ChatTemplateException.Failed("slice step cannot be zero");
        }

        List<object?> items = Iterate(value);
        int count = items.Count;
        int Bound(object? bound, int otherwise)
        {
            if (bound is null)
            {
                return otherwise;
            }

            int at = PythonOperators.Size(bound);
            at = at < 0 ? at + count : at;
            return stride > 0 ? Math.Clamp(at, 0, count) : Math.Clamp(at, -1, count - 1);
        }

        int from = Bound(start, stride > 0 ? 0 : count - 1);
        int to = Bound(stop, stride > 0 ? count : -1);
        var taken = new List<object?>();
        for (long i = from; stride > 0 ? i < to : i > to; i += stride)
        {
            taken.Add(items[(int)i]);
        }

        return value switch
        {
            string => string.Concat(taken),
            PythonTuple => new PythonTuple(taken),
            _ => new PythonList(taken),
        };
    }

    private static bool TryOwn(object? owner, string name, out object? value)
    {
        if (owner is Namespace bag)
        {
            return bag.Attributes.TryGetValue(name, out value);
        }

        value = Own(owner, name);
        return value is not null || (owner is LoopState && name is "previtem" or "nextitem");
    }

    private static object? Own(object? owner, string name)
    {
        if (owner is Undefined undefined)
        {
            throw undefined.Failure();
        }

        if (name.StartsWith("__", StringComparison.Ordinal)
            || (owner is PythonList and not PythonTuple && s_listChanges.Contains(name))
            || (owner is PythonDictionary && s_dictionaryChanges.Contains(name)))
        {
            return new Undefined($"access to attribute '{name}' of '{PythonText.TypeName(owner)}' object is unsafe.");
        }

        switch (owner)
        {
            case string text when StringMethods.Find(name) is { } method:
                return new Callable(name, (context, arguments) =>
                {
                    context.Charge(text);
                    return context.Made(method(context, text, arguments));
                });
            case PythonList list when name is "index" or "count":
                return new Callable(name, (context, arguments) => ListMethod(context, list, name, arguments));
            case PythonDictionary dictionary when name is "get" or "items" or "keys" or "values" or "copy":
                return new Callable(name, (context, arguments) => context.Made(DictionaryMethod(dictionary, name, arguments)));
            case LoopState loop:
                return loop.Attribute(name);
            case Callable { Attribute: { } attribute }:
                return attribute(name);
            default:
                return null;
        }
    }

    private static Undefined Missing(object? owner, object? member) => owner is Undefined undefined ? throw undefined.Failure() : Undefined.OfMember(owner, member);

    private static bool TryItem(object? owner, object? item, out object? value)
    {
        value = null;
        switch (owner)
        {
            case PythonDictionary dictionary when item is not PythonList or PythonTuple:
                return dictionary.TryGet(item, out value);
            case string text when item is long or bool:
                List<string> characters = PythonText.Characters(text);
                int at = Position(item, characters.Count);
                value = at >= 0 ? characters[at] : null;
                return at >= 0;
            case PythonList list when item is long or bool:
                int index = Position(item, list.Items.Count);
                value = index >= 0 ? list.Items[index] : null;
                return index >= 0;
            default:
                return false;
        }
    }

    private static int Position(object? item, int count)
    {
        long at = PythonOperators.Integer(item);
        at = at < 0 ? at + count : at;
        return at >= 0 && at < count ? (int)at : -1;
    }

    private static long ListMethod(RenderContext context, PythonList list, string name, Arguments arguments)
    {
        context.Charge(list);
        object? sought = arguments.Required(0, "value");
        if (name == "count")
        {
            return list.Items.LongCount(i => PythonOperators.AreEqual(i, sought));
        }

        int at = list.Items.FindIndex(i => PythonOperators.AreEqual(i, sought));
        return at >= 0 ? at : throw ChatTemplateException.Failed($"{PythonText.Repr(sought)} is not in list");
    }

    private static object? DictionaryMethod(PythonDictionary dictionary, string name, Arguments arguments) => name switch
    {
        "get" => dictionary.TryGet(arguments.Required(0, "key"), out object? value) ? value : arguments.Get(1, "default"),
        "keys" => new PythonList([.. dictionary.Keys]),
        "values" => new PythonList([.. dictionary.Pairs.Select(p => p.Value)]),
        "copy" => dictionary,
        _ => Pairs(dictionary),
    };

    /// <summary>A dictionary's items as tuples.</summary>
    public static PythonList Pairs(PythonDictionary dictionary) =>
        new([.. dictionary.Pairs.Select(p => (object?)new PythonTuple([p.Key, p.Value]))]);
}
