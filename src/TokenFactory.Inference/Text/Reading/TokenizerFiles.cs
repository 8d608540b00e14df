using System.Text.Json;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Text.Reading;

/// <summary>Finds and reads tokenizer.json and what lies beside it.</summary>
internal static class TokenizerFiles
{
    private const string TokenizerJson = "tokenizer.json";
    private const long SizeLimit = 512L << 20;
    private const long SideFileLimit = 32L << 20;

    /// <summary>What else is read of a folder.</summary>
    public static IReadOnlyList<string> SideFiles { get; } = ["special_tokens_map.json", "tokenizer_config.json", "chat_template.jinja"];

    public static Tokenizer Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string file = Find(path) ?? throw TokenizerException.NotFound(path);
        byte[] json = ReadAll(file, SizeLimit);
        try
        {
            return new Tokenizer(TokenizerReader.Read(json), ReadSettings(System.IO.Path.GetDirectoryName(file)!), file);
        }
        catch (TokenizerException e)
        {
            throw e.WithTarget(file);
        }
    }

    /// <summary>The tokenizer.json that a path means; null when there is none.</summary>
    /// <exception cref="ModelFolderException"><c>ModelPathOutside</c>: it is a link out of the folder that was named.</exception>
    public static string? Find(string path)
    {
        string full = System.IO.Path.GetFullPath(path);
        if (File.Exists(full))
        {
            return full;
        }

        var files = new ContainedFiles(System.IO.Path.TrimEndingDirectorySeparator(full));
        return files.Exists(TokenizerJson) ? files.Resolve(TokenizerJson) : null;
    }

    /// <summary>Reads the files beside a tokenizer.json; a folder without any gives empty settings.</summary>
    /// <exception cref="TokenizerException"><c>TokenizerInvalid</c>: one of them is malformed.</exception>
    /// <exception cref="ModelFolderException"><c>ModelPathOutside</c>: one of them is a link out of the folder.</exception>
    public static TokenizerSettings ReadSettings(string folder)
    {
        var settings = new TokenizerSettings();
        var files = new ContainedFiles(folder);
        foreach (string name in SideFiles.Take(2))
        {
            if (!files.Exists(name))
            {
                continue;
            }

            string file = files.Resolve(name);

            try
            {
                using JsonDocument document = JsonDocument.Parse(ReadAll(file, SideFileLimit), new JsonDocumentOptions { MaxDepth = 64 });
                settings = Merge(settings, document.RootElement);
            }
            catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
            {
                throw TokenizerException.Invalid($"'{name}' can't be read: {e.Message}. Get the file again from where the model came from.", file, e);
            }
        }

        const string Template = "chat_template.jinja";
        return files.Exists(Template)
            ? settings with { ChatTemplate = System.Text.Encoding.UTF8.GetString(ReadAll(files.Resolve(Template), SideFileLimit)) }
            : settings;
    }

    private static byte[] ReadAll(string file, long limit)
    {
        if (new FileInfo(file).Length > limit)
        {
            throw TokenizerException.Invalid($"'{System.IO.Path.GetFileName(file)}' is larger than {limit >> 20} MiB. Check that it is the right file.", file);
        }

        return File.ReadAllBytes(file);
    }

    private static TokenizerSettings Merge(TokenizerSettings settings, JsonElement root)
    {
        var templates = new Dictionary<string, string>(settings.ChatTemplates);
        string? template = settings.ChatTemplate;
        if (root.Field("chat_template") is { ValueKind: JsonValueKind.Array } list)
        {
            foreach (JsonElement item in list.EnumerateArray())
            {
                templates[item.Required("name").Text("name")] = item.Required("template").Text("template");
            }

            template = templates.GetValueOrDefault("default") ?? template;
        }
        else if (root.TextOrNull("chat_template") is { } one)
        {
            template = one;
        }

        return settings with
        {
            BosToken = Token(root, "bos_token") ?? settings.BosToken,
            EosToken = Token(root, "eos_token") ?? settings.EosToken,
            UnkToken = Token(root, "unk_token") ?? settings.UnkToken,
            PadToken = Token(root, "pad_token") ?? settings.PadToken,
            ChatTemplate = template,
            ChatTemplates = templates,
            ModelMaxLength = root.Field("model_max_length") is { ValueKind: JsonValueKind.Number } length && length.TryGetInt32(out int tokens) && tokens > 0
                ? tokens : settings.ModelMaxLength,
        };
    }

    private static string? Token(JsonElement root, string name) => root.Field(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Object } token => token.TextOrNull("content"),
        { ValueKind: JsonValueKind.False } => null,
        _ => throw new FormatException($"'{name}' is not a token"),
    };
}
