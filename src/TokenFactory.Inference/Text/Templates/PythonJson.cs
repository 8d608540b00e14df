using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace TokenFactory.Inference.Text.Templates;

/// <summary>Python's <c>json.dumps</c>.</summary>
internal sealed class PythonJson
{
    private readonly StringBuilder _output = new();
    private readonly RenderContext _context;
    private readonly bool _ascii;
    private readonly string? _indent;
    private readonly string _itemSeparator;
    private readonly string _keySeparator;
    private readonly bool _sortKeys;
    private int _counted;

    private PythonJson(RenderContext context, Arguments arguments)
    {
        _context = context;
        _ascii = PythonOperators.IsTrue(arguments.Get(0, "ensure_ascii", false));
        _indent = arguments.Get(1, "indent") switch
        {
            null => null,
            string s => s,
            var width => new string(' ', Math.Clamp(PythonOperators.Size(width), 0, 1000)),
        };
        (_itemSeparator, _keySeparator) = arguments.Get(2, "separators") is PythonList { Items: [string item, string key] } ? (item, key) : (_indent is null ? ", " : ",", ": ");
        _sortKeys = PythonOperators.IsTrue(arguments.Get(3, "sort_keys", false));
    }

    public static string Write(RenderContext context, object? value, Arguments arguments)
    {
        var writer = new PythonJson(context, arguments);
        writer.Write(value, 0);
        return writer._output.ToString();
    }

    private void Write(object? value, int depth)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (depth > PythonText.DepthLimit)
        {
            throw ChatTemplateException.Limit("a value is too deep to be written");
        }

        _context.Spend(1);
        _context.Reserve(1, _output.Length - _counted + 1);
        _counted = _output.Length;
        switch (value)
        {
            case null:
                _output.Append("null");
                break;
            case bool b:
                _output.Append(b ? "true" : "false");
                break;
            case long n:
                _output.Append(n.ToString(CultureInfo.InvariantCulture));
                break;
            case double d:
                _output.Append(Number(d));
                break;
            case string s:
                Text(s);
                break;
            case PythonList list:
                Group('[', ']', list.Items, depth, item => Write(item, depth + 1));
                break;
            case PythonDictionary dictionary:
                IEnumerable<KeyValuePair<object?, object?>> pairs = _sortKeys
                    ? dictionary.Pairs.OrderBy(p => p.Key, Comparer<object?>.Create((a, b) => PythonOperators.Compare(a, b, "<"))) : dictionary.Pairs;
                Group('{', '}', [.. pairs], depth, pair =>
                {
                    Text(Key(pair.Key));
                    _output.Append(_keySeparator);
                    Write(pair.Value, depth + 1);
                });
                break;
            default:
                throw ChatTemplateException.Failed($"Object of type {PythonText.TypeName(value)} is not JSON serializable");
        }
    }

    private static string Number(double value) => double.IsNaN(value) ? "NaN"
        : double.IsInfinity(value) ? value > 0 ? "Infinity" : "-Infinity" : PythonText.Float(value);

    private static string Key(object? key) => key switch
    {
        string s => s,
        null => "null",
        bool b => b ? "true" : "false",
        long n => n.ToString(CultureInfo.InvariantCulture),
        double d => Number(d),
        _ => throw ChatTemplateException.Failed($"keys must be str, int, float, bool or None, not {PythonText.TypeName(key)}"),
    };

    private void Group<T>(char open, char close, List<T> items, int depth, Action<T> write)
    {
        _output.Append(open);
        for (int i = 0; i < items.Count; i++)
        {
            _output.Append(i > 0 ? _itemSeparator : "");
            Break(depth + 1);
            write(items[i]);
        }

        if (items.Count > 0)
        {
            Break(depth);
        }

        _output.Append(close);
    }

    private void Break(int depth)
    {
        if (_indent is not null)
        {
            _context.Reserve(_indent.Length, depth);
            _output.Append('\n');
            for (int i = 0; i < depth; i++)
            {
                _output.Append(_indent);
            }
        }
    }

    private void Text(string text)
    {
        _output.Append('"');
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => _output.Append("\\\""),
                '\\' => _output.Append("\\\\"),
                '\n' => _output.Append("\\n"),
                '\r' => _output.Append("\\r"),
                '\t' => _output.Append("\\t"),
                '\f' => _output.Append("\\f"),
                '\b' => _output.Append("\\b"),
                < ' ' => _output.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)),
                > '\x7E' when _ascii => _output.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)),
                _ => _output.Append(c),
            };
        }

        _output.Append('"');
    }
}
