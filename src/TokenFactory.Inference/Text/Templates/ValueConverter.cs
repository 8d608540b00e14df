using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace TokenFactory.Inference.Text.Templates;

/// <summary>Turns .NET values into the language's.</summary>
internal static class ValueConverter
{
    public static object? Convert(object? value)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (value)
        {
            case null or string or bool or long or double or PythonList or PythonDictionary:
                return value;
            case sbyte or byte or short or ushort or int or uint:
                return System.Convert.ToInt64(value, CultureInfo.InvariantCulture);
            case ulong n:
                return n <= long.MaxValue ? (object)(long)n : (double)n;
            case float or decimal or Half:
                return System.Convert.ToDouble(value, CultureInfo.InvariantCulture);
            case char c:
                return c.ToString();
            case JsonElement element:
                return FromJson(element);
            case ChatMessage message:
                return Convert(message.ToVariables());
            case IReadOnlyDictionary<string, object?> map:
                return Map(map.Select(p => ((object)p.Key, p.Value)));
            case IDictionary dictionary:
                return Map(dictionary.Keys.Cast<object>().Select(k => (k, dictionary[k])));
            case IEnumerable items:
                return new PythonList([.. items.Cast<object?>().Select(Convert)]);
            default:
                return System.Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        }
    }

    private static PythonDictionary Map(IEnumerable<(object Key, object? Value)> pairs)
    {
        var result = new PythonDictionary();
        foreach ((object key, object? value) in pairs)
        {
            result.Set(Convert(key), Convert(value));
        }

        return result;
    }

    private static object? FromJson(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => Map(element.EnumerateObject().Select(p => ((object)p.Name, (object?)p.Value))),
        JsonValueKind.Array => new PythonList([.. element.EnumerateArray().Select(FromJson)]),
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.TryGetInt64(out long n) && !element.GetRawText().AsSpan().ContainsAny('.', 'e', 'E') ? (object)n : element.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };
}
