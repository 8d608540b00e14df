using TokenFactory.Inference.Text;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Inference.Tests.Text;

/// <summary>Every text that the reference implementations tokenized, by vocabulary: ids with and without special tokens, and back.</summary>
public sealed class TokenizerReferenceTests
{
    public static TheoryData<string> SyntheticNames => [.. Directory.GetDirectories(ReferenceData.Synthetic).Select(f => Path.GetFileName(f)).Order()];

    [Fact]
    public void The_synthetic_vocabularies_are_all_here() =>
        Assert.Equal(6833, Directory.GetDirectories(ReferenceData.Synthetic).Sum(f => ReferenceData.Cases(f).Count(c => c.Decoded is not null)));

    [Theory]
    [MemberData(nameof(SyntheticNames))]
    public void Synthetic_vocabularies_are_exact(string name) => Check(Path.Combine(ReferenceData.Synthetic, name));

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
    public void Published_vocabularies_are_exact(string name) => Check(TestData.Require($"tokenizers/{name}"));

    private static void Check(string folder)
    {
        Tokenizer tokenizer = Tokenizer.Parse(ReferenceData.TokenizerJson(folder));
        var wrong = new List<string>();
        int count = 0;
        foreach (ReferenceCase expected in ReferenceData.Cases(folder))
        {
            count++;
            Compare("ids", expected.Text, expected.Ids, tokenizer.EncodeToIds(expected.Text, addSpecialTokens: false), wrong);
            Encoding full = tokenizer.Encode(expected.Text, addSpecialTokens: false);
            Compare("encoding", expected.Text, expected.Ids, full.Ids, wrong);
            if (full.Tokens.Count != full.Ids.Count || full.Offsets.Count != full.Ids.Count || full.Offsets.Any(o => o.Start < 0 || o.End < o.Start || o.End > expected.Text.Length))
            {
                wrong.Add($"offsets of '{expected.Text}'");
            }

            if (expected.Decoded is { } decoded)
            {
                Compare("ids with special", expected.Text, expected.IdsWithSpecial, tokenizer.EncodeToIds(expected.Text), wrong);
                Compare("decoded", expected.Text, decoded, tokenizer.Decode(expected.Ids, skipSpecialTokens: false), wrong);
                Compare("streamed", expected.Text, decoded, Stream(tokenizer, expected.Ids), wrong);
            }
        }

        Assert.True(count > 0, "there are no cases");
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {count} differ:\n{string.Join('\n', wrong.Take(12))}");
    }

    private static string Stream(Tokenizer tokenizer, int[] ids)
    {
        StreamingDetokenizer detokenizer = tokenizer.CreateDetokenizer(skipSpecialTokens: false);
        return string.Concat(ids.Select(detokenizer.Add)) + detokenizer.Flush();
    }

    private static void Compare<T>(string what, string text, IEnumerable<T> expected, IEnumerable<T> actual, List<string> wrong)
    {
        if (!expected.SequenceEqual(actual))
        {
            string separator = typeof(T) == typeof(char) ? "" : " ";
            wrong.Add($"{what} of '{text}': expected {string.Join(separator, expected.Take(60))}\n   got {string.Join(separator, actual.Take(60))}");
        }
    }
}
