using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using TokenFactory.Fuzz;
using TokenFactory.Inference.Text;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Inference.Tests.Text;

/// <summary>
/// Generated texts and every code point, against Hugging Face's Rust library. TOKENFACTORY_ORACLE_TEXTS sets how many texts there are in all.
/// </summary>
public sealed class TokenizerOracleTests
{
    private const int Vocabularies = 63 + 9 + 12;

    private static int TextsEach => Math.Max(1, (int.TryParse(Environment.GetEnvironmentVariable("TOKENFACTORY_ORACLE_TEXTS"), CultureInfo.InvariantCulture, out int all) ? all : 8_400) / Vocabularies);

    public static TheoryData<string> Synthetic => TokenizerReferenceTests.SyntheticNames;

    public static TheoryData<string> Made => [.. MadeTokenizers.All.Keys];

    public static TheoryData<string> Characters => [.. MadeTokenizers.CharacterTests.Keys];

    [Theory]
    [MemberData(nameof(Synthetic))]
    public void Synthetic_vocabularies_agree_on_generated_texts(string name) =>
        Agree(ReferenceData.TokenizerJson(Path.Combine(ReferenceData.Synthetic, name)));

    [Theory]
    [InlineData("deepseek-coder")]
    [InlineData("falcon")]
    [InlineData("gpt-2")]
    [InlineData("mistral-7b")]
    [InlineData("mpt")]
    [InlineData("phi-3")]
    [InlineData("qwen2")]
    [InlineData("starcoder")]
    [InlineData("tekken")]
    public void Published_vocabularies_agree_on_generated_texts(string name) =>
        Agree(ReferenceData.TokenizerJson(TestData.Require($"tokenizers/{name}")));

    [Theory]
    [MemberData(nameof(Made))]
    public void Other_models_and_parts_agree_on_generated_texts(string name) => Agree(System.Text.Encoding.UTF8.GetBytes(MadeTokenizers.All[name]));

    [Theory]
    [MemberData(nameof(Characters))]
    public void Every_code_point_is_treated_alike(string name)
    {
        byte[] json = System.Text.Encoding.UTF8.GetBytes(MadeTokenizers.CharacterTests[name]);
        using var oracle = new TokenizerOracle(json);
        Tokenizer tokenizer = Tokenizer.Parse(json);
        var wrong = new List<string>();
        var text = new StringBuilder();
        for (int first = 0; first < 0x110000; first += 0x200)
        {
            // Planes that hold nothing, and private use beyond its border.
            if (first is >= 0x32000 and < 0xE0000 or >= 0xE0400)
            {
                continue;
            }

            text.Clear();
            for (int c = first; c < first + 0x200; c++)
            {
                text.Append(Rune.IsValid(c) ? new Rune(c).ToString() + "q" : "");
            }

            if (!oracle.Encode(text.ToString()).SequenceEqual(tokenizer.EncodeToIds(text.ToString())))
            {
                for (int c = first; c < first + 0x200; c++)
                {
                    if (Rune.IsValid(c) && !oracle.Encode($"q{new Rune(c)}q").SequenceEqual(tokenizer.EncodeToIds($"q{new Rune(c)}q")))
                    {
                        wrong.Add(c.ToString("X4", CultureInfo.InvariantCulture));
                    }
                }
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} differ: {string.Join(' ', wrong.Take(200))}");
    }

    private static void Agree(byte[] json)
    {
        using var oracle = new TokenizerOracle(json);
        Tokenizer tokenizer = Tokenizer.Parse(json);
        JsonNode root = JsonNode.Parse(json)!;
        string[] special = [.. (root["added_tokens"] as JsonArray ?? []).Select(t => t!["content"]!.GetValue<string>())];
        bool normalizes = root["normalizer"] is not null && (root["added_tokens"] as JsonArray ?? []).Any(t => t!["normalized"]?.GetValue<bool>() == true);
        var generator = new TextGenerator(20260115, special);
        for (int i = 0; i < TextsEach; i++)
        {
            string text = generator.Next();
            int[] expected = oracle.Encode(text);
            int[] actual = tokenizer.EncodeToIds(text);
            Assert.True(expected.SequenceEqual(actual), $"{JsonSerializer.Serialize(text)}\n expected {string.Join(' ', expected)}\n      got {string.Join(' ', actual)}");
            Assert.Equal(actual, tokenizer.Encode(text).Ids);
            if (normalizes)
            {
                // The oracle's version spells such tokens as the file does; the reference cases' newer one as they were normalized.
                continue;
            }

            string decoded = oracle.Decode(expected);
            Assert.Equal(decoded, tokenizer.Decode(expected));
            StreamingDetokenizer stream = tokenizer.CreateDetokenizer();
            Assert.Equal(decoded, string.Concat(expected.Select(stream.Add)) + stream.Flush());

            // Any order of ids must decode alike too: half characters and malformed bytes among them.
            int[] shuffled = [.. expected.Reverse()];
            Assert.Equal(oracle.Decode(shuffled), tokenizer.Decode(shuffled));
            Assert.Equal(oracle.Decode(shuffled), string.Concat(shuffled.Select(stream.Add)) + stream.Flush());
        }
    }
}
