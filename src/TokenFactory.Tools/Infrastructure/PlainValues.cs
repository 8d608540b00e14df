using System.Collections;
using System.Management.Automation;
using System.Text.Json;
using TokenFactory.Core;
using TokenFactory.Inference.Text;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Turns what a shell passes into plain values: texts, numbers, Booleans, null, lists, dictionaries with text keys.</summary>
internal static class PlainValues
{
    private const int DeepestNesting = 32;

    /// <summary>A message from an object with role and content.</summary>
    /// <param name="item">A hashtable or an object.</param>
    /// <exception cref="TokenFactoryException"><c>MessageInvalid</c>.</exception>
    public static ChatMessage Message(object item)
    {
        if (Convert(item, 0) is IDictionary<string, object?> fields && fields.TryGetValue("role", out object? role) && role is string { Length: > 0 } name)
        {
            fields.TryGetValue("content", out object? content);
            return new ChatMessage(name, content)
            {
                Fields = fields.Where(f => !f.Key.Equals("role", StringComparison.OrdinalIgnoreCase) && !f.Key.Equals("content", StringComparison.OrdinalIgnoreCase)).ToDictionary(f => f.Key, f => f.Value),
            };
        }

        throw new TokenFactoryException("MessageInvalid", FailureKind.InvalidInput,
            "A prompt is a text, or a message with role and content: @{ role = 'user'; content = 'Hello' }.", item);
    }

    /// <summary>A tool definition from an object, or from JSON text.</summary>
    /// <param name="item">The definition.</param>
    /// <exception cref="TokenFactoryException"><c>ToolInvalid</c>.</exception>
    public static object? Tool(object item)
    {
        if (Convert(item, 0) is not string text)
        {
            return Convert(item, 0);
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new TokenFactoryException("ToolInvalid", FailureKind.InvalidInput, $"A tool is an object or JSON text, and this text is no JSON: {e.Message}", item, e);
        }
    }

    private static object? Convert(object? value, int depth)
    {
        if (depth > DeepestNesting)
        {
            throw new TokenFactoryException("MessageInvalid", FailureKind.InvalidInput, $"A message nests deeper than {DeepestNesting} levels. Flatten it.", value);
        }

        object? plain = value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;
        return plain switch
        {
            null or string or bool or int or long or double => plain,
            char c => c.ToString(),
            float or decimal => System.Convert.ToDouble(plain, System.Globalization.CultureInfo.InvariantCulture),
            sbyte or byte or short or ushort or uint or ulong => System.Convert.ToInt64(plain, System.Globalization.CultureInfo.InvariantCulture),
            IDictionary dictionary => Fields(dictionary.Cast<DictionaryEntry>().Select(e => (e.Key.ToString() ?? "", (object?)e.Value)), depth),
            PSObject custom => Fields(custom.Properties.Select(p => (p.Name, (object?)p.Value)), depth),
            IEnumerable list => list.Cast<object?>().Select(i => Convert(i, depth + 1)).ToList(),
            _ => Fields(new PSObject(plain).Properties.Where(p => p.IsGettable).Select(p => (p.Name, (object?)p.Value)), depth),
        };
    }

    private static Dictionary<string, object?> Fields(IEnumerable<(string Name, object? Value)> fields, int depth)
    {
        var result = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, object? value) in fields)
        {
            result[name] = Convert(value, depth + 1);
        }

        return result;
    }
}
