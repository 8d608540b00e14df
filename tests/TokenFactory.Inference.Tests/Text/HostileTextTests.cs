using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using TokenFactory.Core;
using TokenFactory.Fuzz;
using TokenFactory.Inference.Text;
using Xunit;

namespace TokenFactory.Inference.Tests.Text;

/// <summary>Patterns, templates and JSON that try to run away. Mutated files of all kinds are in <see cref="Models.HostileModelTests"/>.</summary>
public sealed class HostileTextTests
{
    // Never a timing of a healthy run: what runs away goes on for minutes, and the limits that stop it count steps.
    private static readonly TimeSpan s_runsAway = TimeSpan.FromSeconds(30);

    public static TheoryData<string> Bombs => [.. HostileTemplates.Bombs];

    [Theory]
    [MemberData(nameof(Bombs))]
    public void Templates_cannot_run_away(string template)
    {
        var failure = Assert.Throws<ChatTemplateException>(() => TemplateKind.Render(template));
        Assert.Contains(failure.ErrorId, new[] { "ChatTemplateLimit", "ChatTemplateFailed", "ChatTemplateInvalid" });
    }

    [Theory]
    [InlineData("(a+)+$")]
    [InlineData("(a|a)*b")]
    [InlineData("(a*)*b")]
    [InlineData("(.*)*(.*)*(.*)*x")]
    [InlineData("((a{1,200}){1,200}){1,200}")]
    [InlineData("(?<!(a+)+b)c")]
    [InlineData("(a?){5000}a{5000}")]
    public void Patterns_cannot_run_away(string pattern)
    {
        JsonNode root = JsonNode.Parse(MadeTokenizers.All["regexes"])!;
        root["pre_tokenizer"]!["pretokenizers"]![0]!["pattern"]!["Regex"] = pattern;
        Bounded(() => Tokenizer.Parse(Encoding.GetBytes(root.ToJsonString())).EncodeToIds(new string('a', 4000) + "c"));
    }

    [Fact]
    public void Deep_and_huge_json_is_refused()
    {
        foreach (string json in new[] { new string('[', 100_000), "{\"model\":" + string.Concat(Enumerable.Repeat("{\"a\":", 5000)), "", "null", "[]", "1e999", "\"\\ud800\"", "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"\\ud800\":0},\"merges\":[]}}",
            """{"model":{"type":"WordLevel","vocab":{"a":2147483647},"unk_token":"a"}}""", """{"model":{"type":"WordLevel","vocab":{"a":99999999999999999999},"unk_token":"a"}}""" })
        {
            Assert.Equal("TokenizerInvalid", Assert.Throws<TokenizerException>(() => Tokenizer.Parse(Encoding.GetBytes(json))).ErrorId);
        }
    }

    private static UTF8Encoding Encoding { get; } = new(false, throwOnInvalidBytes: false);

    private static void Bounded(Action use)
    {
        long start = Stopwatch.GetTimestamp();
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            use();
        }
        catch (TokenFactoryException e)
        {
            Assert.NotEmpty(e.Message);
            Assert.True(e.Message.Length < 2000, "the message is too long to be read");
        }

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - allocated < 3L << 30, "it takes memory without bounds");
        Assert.True(Stopwatch.GetElapsedTime(start) < s_runsAway, "it runs away");
    }
}
