namespace TokenFactory.Inference.Text.Templates;

/// <summary>The functions that every template sees.</summary>
internal static class Globals
{
    private const long RangeLimit = 100_000;

    public static IReadOnlyDictionary<string, Callable> All { get; } = new Dictionary<string, Callable>
    {
        ["range"] = new("range", (context, a) => context.Made(Range(a))),
        ["dict"] = new("dict", (_, a) => Dictionary(a)),
        ["namespace"] = new("namespace", (_, a) => Bag(a)),
        ["raise_exception"] = new("raise_exception", (_, a) => throw ChatTemplateException.Refused(PythonText.Str(a.Required(0, "message")))),
        ["strftime_now"] = new("strftime_now", (context, a) => TimeFormat.Format(context, a.Required(0, "format"))),
        ["joiner"] = new("joiner", (_, a) => Joiner(PythonText.Str(a.Get(0, "sep", ", ")))),
        ["cycler"] = new("cycler", (_, a) => Cycler(a.Positional)),
    };

    private static PythonList Range(Arguments arguments)
    {
        bool one = arguments.Positional.Count < 2;
        long start = one ? 0 : PythonOperators.Integer(arguments.Positional[0]);
        long stop = PythonOperators.Integer(one ? arguments.Required(0, "stop") : arguments.Positional[1]);
        long step = arguments.Positional.Count > 2 ? PythonOperators.Integer(arguments.Positional[2]) : 1;
        if (step == 0)
        {
            throw ChatTemplateException.Failed("range() arg 3 must not be zero");
        }

        Int128 count = step > 0 ? ((Int128)stop - start + step - 1) / step : ((Int128)start - stop - step - 1) / -(Int128)step;
        if (count > RangeLimit)
        {
            throw ChatTemplateException.Failed($"Range too big. The sandbox blocks ranges larger than MAX_RANGE ({RangeLimit}).");
        }

        var items = new List<object?>();
        for (long i = 0; i < count; i++)
        {
            items.Add(start + (i * step));
        }

        return new PythonList(items);
    }

    private static PythonDictionary Dictionary(Arguments arguments)
    {
        var result = new PythonDictionary();
        if (arguments.Positional.Count > 0)
        {
            IEnumerable<object?> pairs = arguments.Positional[0] is PythonDictionary other ? Members.Pairs(other).Items : Members.Iterate(arguments.Positional[0]);
            foreach (object? pair in pairs)
            {
                List<object?> both = Members.Iterate(pair);
                if (both.Count != 2)
                {
                    throw ChatTemplateException.Failed("dictionary update sequence element is not of length 2");
                }

                result.Set(both[0], both[1]);
            }
        }

        foreach ((string name, object? value) in arguments.Named)
        {
            result.Set(name, value);
        }

        return result;
    }

    private static Namespace Bag(Arguments arguments)
    {
        var bag = new Namespace();
        foreach ((object? key, object? value) in Dictionary(arguments).Pairs)
        {
            bag.Attributes[PythonText.Str(key)] = value;
        }

        return bag;
    }

    private static Callable Joiner(string separator)
    {
        bool used = false;
        return new Callable("joiner", (_, _) =>
        {
            string text = used ? separator : "";
            used = true;
            return text;
        });
    }

    private static Callable Cycler(List<object?> items)
    {
        int at = 0;
        return items.Count == 0
            ? throw ChatTemplateException.Failed("at least one item has to be provided")
            : new Callable("cycler", (_, _) => items[at])
            {
                Attribute = name => name switch
                {
                    "current" => items[at],
                    "next" => new Callable("next", (_, _) =>
                    {
                        object? current = items[at];
                        at = (at + 1) % items.Count;
                        return current;
                    }),
                    "reset" => new Callable("reset", (_, _) =>
                    {
                        at = 0;
                        return null;
                    }),
                    _ => null,
                },
            };
    }
}
