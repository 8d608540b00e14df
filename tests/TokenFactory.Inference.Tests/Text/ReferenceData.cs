using System.IO.Compression;
using System.Text.Json;

namespace TokenFactory.Inference.Tests.Text;

/// <summary>A text with what the reference implementations gave for it.</summary>
public sealed record ReferenceCase(string Text, int[] Ids, int[] IdsWithSpecial, string? Decoded);

/// <summary>Where the reference cases lie: the synthetic ones travel with the tests, the rest is optional.</summary>
public static class ReferenceData
{
    public static string Synthetic { get; } = Path.Combine(AppContext.BaseDirectory, "data", "tokenizers");

    public static byte[] TokenizerJson(string folder)
    {
        string packed = Path.Combine(folder, "tokenizer.json.gz");
        if (!File.Exists(packed))
        {
            return File.ReadAllBytes(Path.Combine(folder, "tokenizer.json"));
        }

        using var stream = new GZipStream(File.OpenRead(packed), CompressionMode.Decompress);
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }

    public static IEnumerable<ReferenceCase> Cases(string folder)
    {
        foreach (string line in File.ReadLines(Path.Combine(folder, "cases.jsonl")))
        {
            JsonElement item = JsonDocument.Parse(line).RootElement;
            int[] ids = Ids(item.GetProperty("ids"));
            string text = item.GetProperty("text").GetString()!;
            yield return new ReferenceCase(text, ids, item.TryGetProperty("ids_with_special", out JsonElement special) ? Ids(special) : ids,
                item.TryGetProperty("decoded", out JsonElement decoded) ? decoded.GetString() : text);
        }

        string disagreements = Path.Combine(folder, "disagreements.jsonl");
        if (!File.Exists(disagreements))
        {
            yield break;
        }

        foreach (string line in File.ReadLines(disagreements))
        {
            JsonElement item = JsonDocument.Parse(line).RootElement;
            int[] ids = Ids(item.GetProperty("hf_rust"));
            yield return new ReferenceCase(item.GetProperty("text").GetString()!, ids, [], null);
        }
    }

    private static int[] Ids(JsonElement list) => [.. list.EnumerateArray().Select(i => i.GetInt32())];
}
