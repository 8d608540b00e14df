using System.Text;
using System.Text.Json.Nodes;
using TokenFactory.Inference.Text;

namespace TokenFactory.Fuzz;

/// <summary>Mutated tokenizer.json files that encode and decode a text.</summary>
public sealed class TokenizerKind : IFuzzKind
{
    private const string Input = "The hat  can't\n\n cost 12345.67 é 日本 \U0001F600 <|end|> aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    private static readonly UTF8Encoding s_encoding = new(false, throwOnInvalidBytes: false);

    private readonly string[] _seeds =
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "seeds"), "tokenizer.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(f => Shrunk(File.ReadAllText(f))), .. MadeTokenizers.All.Values];

    private byte[] _json = [];
    private string _text = Input;

    /// <inheritdoc/>
    public void Prepare(int number)
    {
        string seed = _seeds[number % _seeds.Length];
        _json = s_encoding.GetBytes(number / _seeds.Length % 3 == 0 ? new Mutator(number).Mutate(seed) : new JsonMutator(number).Mutate(seed));
        _text = number % 5 == 0 ? Input + new string('a', 4000) + "c" : Input;
    }

    /// <inheritdoc/>
    public string Run(Action running)
    {
        Tokenizer tokenizer = Tokenizer.Parse(_json);
        Inference.Text.Encoding encoding = tokenizer.Encode(_text);
        if (!encoding.Ids.SequenceEqual(tokenizer.EncodeToIds(_text)))
        {
            throw new InvalidOperationException("the two ways to encode disagree");
        }

        string text = tokenizer.Decode([.. encoding.Ids, 0, 1, int.MaxValue, -1], skipSpecialTokens: false);
        return text.Length < 100_000_000 ? "worked" : throw new InvalidOperationException("the text grows without bounds");
    }

    // Vocabularies of thousands of entries would take the mutations that the rest needs.
    private static string Shrunk(string json)
    {
        JsonNode root = JsonNode.Parse(json)!;
        if (root["model"]!["merges"] is JsonArray merges)
        {
            root["model"]!["merges"] = new JsonArray([.. merges.Take(20).Select(m => m!.DeepClone())]);
        }

        return root.ToJsonString();
    }
}
