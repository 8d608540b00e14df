using System.Globalization;
using System.Text.Json;

namespace TokenFactory.Inference.Models;

/// <summary>What the files beside a tokenizer say: template and special tokens.</summary>
internal sealed record TokenizerFacts
{
    private const int MaximumTemplate = 1 << 20;

    public string? ChatTemplate { get; init; }

    public IReadOnlyDictionary<string, string> SpecialTokens { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<int> EndTokenIds { get; init; } = [];

    /// <summary>Reads <c>tokenizer_config.json</c>, <c>special_tokens_map.json</c> and <c>chat_template.jinja</c>, as far as they are there.</summary>
    public static TokenizerFacts Read(ContainedFiles files)
    {
        Dictionary<string, string> special = [];
        string? template = null;
        List<int> ends = [];
        if (files.Exists("tokenizer_config.json"))
        {
            using JsonDocument config = files.ReadJson("tokenizer_config.json");
            Roles(config.RootElement, special);
            template = Template(config.RootElement);
            if (special.TryGetValue("eos", out string? end) && Property(config.RootElement, "added_tokens_decoder") is { ValueKind: JsonValueKind.Object } added)
            {
                ends.AddRange(from token in added.EnumerateObject()
                              where Text(Property(token.Value, "content")) == end && int.TryParse(token.Name, NumberStyles.None, CultureInfo.InvariantCulture, out _)
                              select int.Parse(token.Name, CultureInfo.InvariantCulture));
            }
        }

        if (files.Exists("special_tokens_map.json"))
        {
            using JsonDocument map = files.ReadJson("special_tokens_map.json");
            Roles(map.RootElement, special);
        }

        // As transformers does: a template in a file of its own is the one that counts.
        if (files.Exists("chat_template.jinja"))
        {
            string path = files.Resolve("chat_template.jinja");
            template = new FileInfo(path).Length <= MaximumTemplate ? File.ReadAllText(path) : throw new InvalidDataException("chat_template.jinja is larger than 1 MB");
        }

        return new TokenizerFacts { ChatTemplate = template, SpecialTokens = special, EndTokenIds = ends };
    }

    /// <summary>A property of an object; null when it is absent or this is no object.</summary>
    public static JsonElement? Property(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) ? value : null;

    /// <summary>A text, valid Unicode; null for anything else.</summary>
    public static string? Text(JsonElement? element)
    {
        try
        {
            return element is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException("a text of the config is no valid Unicode", e);
        }
    }

    private static void Roles(JsonElement config, Dictionary<string, string> special)
    {
        foreach (string role in new[] { "bos", "eos", "pad", "unk" })
        {
            JsonElement? value = Property(config, $"{role}_token");
            string? text = value is { ValueKind: JsonValueKind.Object } token ? Text(Property(token, "content")) : Text(value);
            if (text is not null)
            {
                special.TryAdd(role, text);
            }
        }
    }

    // Either one template, or a list of named ones of which "default" counts.
    private static string? Template(JsonElement config)
    {
        JsonElement? value = Property(config, "chat_template");
        if (value is { ValueKind: JsonValueKind.Array } named)
        {
            return named.EnumerateArray().Where(t => Text(Property(t, "name")) == "default").Select(t => Text(Property(t, "template"))).FirstOrDefault();
        }

        return Text(value);
    }
}
