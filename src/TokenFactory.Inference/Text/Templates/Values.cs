using System.Runtime.CompilerServices;

namespace TokenFactory.Inference.Text.Templates;

// Values of the language: null (None), bool, long, double, string, PythonList, PythonTuple, PythonDictionary, Undefined, Namespace, Callable, LoopState.

/// <summary>A list: what Python's own can do without changing it, for the sandbox forbids changes.</summary>
internal class PythonList(List<object?> items)
{
    public List<object?> Items { get; } = items;
}

/// <summary>A tuple.</summary>
internal sealed class PythonTuple(List<object?> items) : PythonList(items);

/// <summary>A dictionary in the order of insertion.</summary>
internal sealed class PythonDictionary
{
    private static readonly object s_none = new();

    public OrderedDictionary<object, object?> Items { get; } = new(KeyComparer.Instance);

    public int Count => Items.Count;

    public IEnumerable<object?> Keys => Items.Keys.Select(FromKey);

    public IEnumerable<KeyValuePair<object?, object?>> Pairs => Items.Select(p => new KeyValuePair<object?, object?>(FromKey(p.Key), p.Value));

    public void Set(object? key, object? value) => Items[ToKey(key)] = value;

    public bool TryGet(object? key, out object? value) => Items.TryGetValue(ToKey(key), out value);

    private static object? FromKey(object key) => ReferenceEquals(key, s_none) ? null : key;

    private static object ToKey(object? key) => key switch
    {
        null => s_none,
        PythonTuple => key,
        PythonList => throw ChatTemplateException.Failed("unhashable type: 'list'"),
        PythonDictionary => throw ChatTemplateException.Failed("unhashable type: 'dict'"),
        _ => key,
    };

    private sealed class KeyComparer : IEqualityComparer<object>
    {
        public static KeyComparer Instance { get; } = new();

        public new bool Equals(object? x, object? y) => PythonOperators.AreEqual(x, y);

        public int GetHashCode(object obj) => obj switch
        {
            string s => s.GetHashCode(StringComparison.Ordinal),
            bool b => b ? 1 : 0,
            long n => n.GetHashCode(),
            double d => d == Math.Floor(d) && Math.Abs(d) < 1e18 ? ((long)d).GetHashCode() : d.GetHashCode(),
            PythonTuple t => t.Items.Count,
            _ => RuntimeHelpers.GetHashCode(obj),
        };
    }
}

/// <summary>What a name, key or attribute that isn't there gives: empty as text, false, and an error in most other uses.</summary>
internal sealed class Undefined(string message)
{
    public string Message => message;

    public static Undefined OfName(string name) => new($"'{name}' is undefined");

    public static Undefined OfMember(object? owner, object? member) => new(member is string name
        ? $"'{PythonText.ObjectName(owner)}' has no attribute '{name}'"
        : $"{PythonText.ObjectName(owner)} has no element {PythonText.Repr(member)}");

    public ChatTemplateException Failure() => ChatTemplateException.Failed(message);
}

/// <summary>A bag of attributes that inner scopes may assign to.</summary>
internal sealed class Namespace
{
    public Dictionary<string, object?> Attributes { get; } = [];
}

/// <summary>Arguments of a call.</summary>
internal sealed record Arguments(List<object?> Positional, Dictionary<string, object?> Named)
{
    public static Arguments None { get; } = new([], []);

    /// <summary>The argument at a position or of a name; the fallback when it was not given.</summary>
    public object? Get(int position, string name, object? otherwise = null) =>
        position < Positional.Count ? Positional[position] : Named.TryGetValue(name, out object? value) ? value : otherwise;

    public bool Has(int position, string name) => position < Positional.Count || Named.ContainsKey(name);

    public object? Required(int position, string name) => Has(position, name) ? Get(position, name)
        : throw ChatTemplateException.Failed($"missing a required argument: '{name}'");

    public Arguments Skip(int count) => new([.. Positional.Skip(count)], Named);
}

/// <summary>Something that can be called.</summary>
internal sealed class Callable(string name, Func<RenderContext, Arguments, object?> body)
{
    public string Name => name;

    /// <summary>What a macro tells of itself; null for functions.</summary>
    public Func<string, object?>? Attribute { get; init; }

    public object? Invoke(RenderContext context, Arguments arguments) => body(context, arguments);
}

/// <summary>The <c>loop</c> of a for statement.</summary>
internal sealed class LoopState(List<object?> items, int depth)
{
    private object? _lastChanged;
    private bool _changedBefore;

    public int Index { get; set; }

    public Callable? Recurse { get; init; }

    public object? Attribute(string name) => name switch
    {
        "index" => (long)(Index + 1),
        "index0" => (long)Index,
        "revindex" => (long)(items.Count - Index),
        "revindex0" => (long)(items.Count - Index - 1),
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (long)items.Count,
        "depth" => (long)(depth + 1),
        "depth0" => (long)depth,
        "previtem" => Index > 0 ? items[Index - 1] : new Undefined("there is no previous item"),
        "nextitem" => Index + 1 < items.Count ? items[Index + 1] : new Undefined("there is no next item"),
        "cycle" => new Callable("cycle", (_, a) => a.Positional.Count == 0
            ? throw ChatTemplateException.Failed("no items for cycling given") : a.Positional[Index % a.Positional.Count]),
        "changed" => new Callable("changed", (_, a) => Changed(a)),
        _ => Undefined.OfMember(this, name),
    };

    private bool Changed(Arguments arguments)
    {
        var now = new PythonTuple(arguments.Positional);
        bool changed = !_changedBefore || !PythonOperators.AreEqual(_lastChanged, now);
        _changedBefore = true;
        _lastChanged = now;
        return changed;
    }
}
