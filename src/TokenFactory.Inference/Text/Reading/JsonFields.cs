using System.Text.Json;

namespace TokenFactory.Inference.Text.Reading;

/// <summary>Reads fields of JSON objects; what is of the wrong type is a <see cref="FormatException"/> that names it.</summary>
internal static class JsonFields
{
    public static JsonElement? Field(this JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException($"an object with '{name}' was expected, not {Kind(element)}");
        }

        return element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    public static JsonElement Required(this JsonElement element, string name) =>
        element.Field(name) ?? throw new FormatException($"'{name}' is missing");

    public static string Text(this JsonElement element, string what) =>
        element.ValueKind == JsonValueKind.String ? element.GetString()! : throw Wrong(what, "a text", element);

    public static string? TextOrNull(this JsonElement element, string name) => element.Field(name)?.Text(name);

    public static bool Flag(this JsonElement element, string name, bool otherwise) => element.Field(name) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } other => throw Wrong(name, "true or false", other),
    };

    public static int Number(this JsonElement element, string what) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int value) ? value : throw Wrong(what, "a whole number", element);

    public static IEnumerable<JsonElement> Items(this JsonElement element, string what) =>
        element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : throw Wrong(what, "a list", element);

    public static IEnumerable<JsonProperty> Properties(this JsonElement element, string what) =>
        element.ValueKind == JsonValueKind.Object ? element.EnumerateObject() : throw Wrong(what, "an object", element);

    public static char Character(this JsonElement element, string name, char otherwise)
    {
        if (element.TextOrNull(name) is not { } text)
        {
            return otherwise;
        }

        return text.Length == 1 ? text[0] : throw new FormatException($"'{name}' is not one character");
    }

    private static FormatException Wrong(string what, string expected, JsonElement element) => new($"'{what}' is {Kind(element)}, not {expected}");

    private static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        _ => element.ValueKind.ToString().ToLowerInvariant(),
    };
}
