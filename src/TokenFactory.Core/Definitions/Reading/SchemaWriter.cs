using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TokenFactory.Core.Definitions.Reading;

/// <summary>Writes a shape as JSON schema (draft 7), so that editors complete and check what the reader reads.</summary>
internal sealed class SchemaWriter
{
    private static readonly JsonSerializerOptions s_options = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly SortedDictionary<string, JsonObject> _definitions = new(StringComparer.Ordinal);

    /// <summary>The schema of a record, with a line break at its end.</summary>
    public static string Write(RecordShape root, string title)
    {
        var writer = new SchemaWriter();
        JsonObject schema = writer.Body(root);
        var whole = new JsonObject { ["$schema"] = "http://json-schema.org/draft-07/schema#", ["title"] = title };
        foreach ((string key, JsonNode? value) in schema.ToArray())
        {
            schema.Remove(key);
            whole[key] = value;
        }

        whole["definitions"] = new JsonObject(writer._definitions.Select(d => KeyValuePair.Create<string, JsonNode?>(d.Key, d.Value)));
        return whole.ToJsonString(s_options) + "\n";
    }

    private JsonObject Of(Shape shape) => shape switch
    {
        ScalarShape scalar => Scalar(scalar),
        RecordShape record => Reference(record),
        ListShape list => List(list),
        ChoiceShape choice => Choice(choice),
        _ => throw new InvalidOperationException($"No schema for {shape.GetType()}."),
    };

    private static JsonObject Scalar(ScalarShape scalar)
    {
        string[] types = [.. new[]
        {
            scalar.Pattern is null ? null : "string",
            scalar.TakesNumber ? "number" : scalar.TakesInteger ? "integer" : null,
            scalar.TakesBoolean ? "boolean" : null,
        }.OfType<string>()];
        var schema = new JsonObject { ["type"] = types.Length == 1 ? types[0] : new JsonArray([.. types.Select(t => JsonValue.Create(t))]) };
        if (scalar.Pattern is { } pattern)
        {
            schema["pattern"] = pattern;
        }

        if (scalar.TakesNumber || scalar.TakesInteger)
        {
            schema[scalar.ExclusiveMinimum ? "exclusiveMinimum" : "minimum"] = scalar.Minimum;
            schema["maximum"] = scalar.Maximum;
        }

        if (scalar.Choices.Count > 0)
        {
            schema["examples"] = new JsonArray([.. scalar.Choices.Select(c => JsonValue.Create(c))]);
        }

        return schema;
    }

    private JsonObject List(ListShape list)
    {
        var schema = new JsonObject { ["type"] = "array", ["items"] = Of(list.Item) };
        if (list.MinItems > 0)
        {
            schema["minItems"] = list.MinItems;
        }

        return schema;
    }

    private JsonObject Choice(ChoiceShape choice)
    {
        JsonObject[] ways = [.. new Shape?[] { choice.Scalar, choice.Record, choice.List }.OfType<Shape>().Select(Of)];
        return ways.Length == 1 ? ways[0] : new JsonObject { ["anyOf"] = new JsonArray([.. ways]) };
    }

    private JsonObject Reference(RecordShape record)
    {
        if (!_definitions.TryGetValue(record.Name, out JsonObject? known))
        {
            _definitions[record.Name] = Body(record);
        }
        else if (!JsonNode.DeepEquals(known, Body(record)))
        {
            throw new InvalidOperationException($"Two records are named {record.Name}.");
        }

        return new JsonObject { ["$ref"] = $"#/definitions/{record.Name}" };
    }

    private JsonObject Body(RecordShape record)
    {
        var properties = new JsonObject();
        foreach (Key key in record.Keys)
        {
            JsonObject value = Of(key.Value);
            if (value.ContainsKey("$ref"))
            {
                // Draft 7 ignores what stands beside a reference.
                value = new JsonObject { ["allOf"] = new JsonArray(value) };
            }

            value.Insert(0, "description", key.Description);
            properties[key.Name] = value;
        }

        var schema = new JsonObject { ["type"] = "object", ["additionalProperties"] = false, ["properties"] = properties };
        if (record.Keys.Any(k => k.Required))
        {
            schema["required"] = new JsonArray([.. record.Keys.Where(k => k.Required).Select(k => JsonValue.Create(k.Name))]);
        }

        return schema;
    }
}
