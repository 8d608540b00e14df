using System.Collections;
using System.Management.Automation;
using System.Text.Json;
using TokenFactory.Core;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Text;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Turns what was typed for a throughput measurement into what the measurement takes.</summary>
internal static class ThroughputInput
{
    /// <summary>Sorts what came by the pipeline: models to measure, files and texts to send.</summary>
    /// <param name="input">What came.</param>
    /// <param name="models">Gets the models.</param>
    /// <param name="prompts">Gets the prompts.</param>
    public static void Sort(object[]? input, List<object> models, List<string> prompts)
    {
        foreach (object item in input ?? [])
        {
            switch (item is PSObject wrapped ? wrapped.BaseObject : item)
            {
                case ModelInfo info:
                    models.Add(info);
                    break;
                case FileInfo file:
                    prompts.Add(File.ReadAllText(file.FullName));
                    break;
                case var text:
                    prompts.Add(LanguagePrimitives.ConvertTo<string>(text));
                    break;
            }
        }
    }

    /// <summary>The local model that was named.</summary>
    /// <param name="model">An object, a name, a path; null for the embedded default.</param>
    /// <param name="session">The session.</param>
    public static ModelReference Model(object? model, SessionState session) => (model is PSObject wrapped ? wrapped.BaseObject : model) switch
    {
        null => ModelReference.Default,
        ModelReference reference => reference,
        ModelInfo info => info.Path == DefaultModel.Path ? ModelReference.Default : new ModelReference(info.Path),
        FileSystemInfo file => new ModelReference(file.FullName),
        string { Length: > 0 } text => ModelReference.Find(text, SessionPaths.Unresolved(session, text)),
        _ => throw new TokenFactoryException("ModelInvalid", FailureKind.InvalidInput, "Give a model as an object of Get-TokenFactoryModel, as a name, or as a folder's path."),
    };

    /// <summary>The name of a model on a server.</summary>
    /// <param name="model">What was typed.</param>
    public static string ServerModel(object? model) => (model is PSObject wrapped ? wrapped.BaseObject : model) switch
    {
        ModelInfo info => info.Name,
        var other => LanguagePrimitives.ConvertTo<string>(other),
    };

    /// <summary>Fields of a request's body as JSON by name.</summary>
    /// <param name="body">The hashtable; null for none.</param>
    /// <exception cref="TokenFactoryException"><c>ExtraBodyInvalid</c>: a value has no JSON form.</exception>
    public static Dictionary<string, string> Body(IDictionary? body)
    {
        Dictionary<string, string> fields = new(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in body ?? new Hashtable())
        {
            try
            {
                fields[entry.Key.ToString() ?? ""] = JsonSerializer.Serialize(Plain(entry.Value));
            }
            catch (NotSupportedException e)
            {
                throw new TokenFactoryException("ExtraBodyInvalid", FailureKind.InvalidInput,
                    $"The value of the body's field '{entry.Key}' has no JSON form. Use text, numbers, Booleans, arrays and hashtables.", entry.Key, e);
            }
        }

        return fields;
    }

    /// <summary>Counts tokens by a tokenizer on this side; null when none was named.</summary>
    /// <param name="tokenizer">A tokenizer.json, or a model with one.</param>
    /// <param name="session">The session.</param>
    public static Func<string, int>? Counter(string? tokenizer, SessionState session)
    {
        if (tokenizer is null)
        {
            return null;
        }

        string full = SessionPaths.Unresolved(session, tokenizer);
        string path = full;
        if (!File.Exists(full))
        {
            ModelFolder folder = ModelReference.Find(tokenizer, full).Open();
            path = folder.TokenizerPath ?? throw new TokenFactoryException("TokenizerMissing", FailureKind.NotFound,
                $"'{tokenizer}' has no tokenizer.json. Name a model that has one, or the file.", folder.Path);
        }

        Tokenizer loaded = Tokenizer.Load(path);
        return text => loaded.EncodeToIds(text, addSpecialTokens: false).Length;
    }

    private static object? Plain(object? value) => (value is PSObject wrapped ? wrapped.BaseObject : value) switch
    {
        IDictionary map => map.Keys.Cast<object>().ToDictionary(k => k.ToString() ?? "", k => Plain(map[k])),
        string text => text,
        IEnumerable items => items.Cast<object?>().Select(Plain).ToArray(),
        var other => other,
    };
}
