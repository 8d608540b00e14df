using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using TokenFactory.Core;
using TokenFactory.Inference.Text;
using Xunit;

namespace TokenFactory.Inference.Tests.Text;

/// <summary>
/// Mutated tokenizer.json, tokenizer_config.json and templates: each works or fails with one of our own failures, and nothing runs away.
/// TOKENFACTORY_FUZZ_COUNT sets how many there are of each of the three kinds.
/// </summary>
public sealed class HostileTextTests
{
    private const string Input = "The hat  can't\n\n cost 12345.67 é 日本 \U0001F600 <|end|> aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    // Never a timing of a healthy run: what runs away goes on for minutes, and the limits that stop it count steps.
    private static readonly TimeSpan s_runsAway = TimeSpan.FromSeconds(30);

    private static TimeSpan s_slowest;

    private static int Count => int.TryParse(Environment.GetEnvironmentVariable("TOKENFACTORY_FUZZ_COUNT"), CultureInfo.InvariantCulture, out int count) ? count : 600;

    [Fact]
    public void Mutated_tokenizers_work_or_fail_clearly()
    {
        string[] seeds = [.. Directory.GetDirectories(ReferenceData.Synthetic).Order().Select(f => Shrunk(Encoding.GetString(ReferenceData.TokenizerJson(f)))), .. MadeTokenizers.All.Values];
        Fuzz(seeds, new Mutator(1), json =>
        {
            Tokenizer tokenizer = Tokenizer.Parse(Encoding.GetBytes(json));
            Inference.Text.Encoding encoding = tokenizer.Encode(Input);
            Assert.Equal(encoding.Ids, tokenizer.EncodeToIds(Input));
            string text = tokenizer.Decode([.. encoding.Ids, 0, 1, int.MaxValue, -1], skipSpecialTokens: false);
            Assert.True(text.Length < 10_000_000);
        });
    }

    [Fact]
    public void Mutated_settings_work_or_fail_clearly()
    {
        string folder = Directory.CreateTempSubdirectory("hostile-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "tokenizer.json"), MadeTokenizers.All["wordlevel"]);
            const string Seed = """
                {"bos_token":"<s>","eos_token":{"content":"</s>","lstrip":false},"unk_token":null,"pad_token":"<pad>","model_max_length":4096,
                 "chat_template":[{"name":"default","template":"{{ messages }}"},{"name":"tool_use","template":"{% for m in messages %}{{ m.role }}{% endfor %}"}]}
                """;
            Fuzz([Seed], new Mutator(2), json =>
            {
                File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), json);
                Tokenizer tokenizer = Tokenizer.Load(folder);
                _ = tokenizer.BosId + tokenizer.EosId;
                if (tokenizer.Settings.ChatTemplate is { } template)
                {
                    Render(template);
                }
            });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Mutated_templates_work_or_fail_clearly() => Fuzz(HostileTemplates.Seeds, new Mutator(3), Render);

    [Theory]
    [MemberData(nameof(HostileTemplates.Bombs), MemberType = typeof(HostileTemplates))]
    public void Templates_cannot_run_away(string template)
    {
        var failure = Assert.Throws<ChatTemplateException>(() => Render(template));
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

    private static void Render(string template)
    {
        object?[] messages =
        [
            new Dictionary<string, object?> { ["role"] = "user", ["content"] = "Hello, how are you?" },
            new Dictionary<string, object?> { ["role"] = "assistant", ["content"] = null, ["tool_calls"] = new object?[] { new Dictionary<string, object?> { ["name"] = "f", ["arguments"] = new Dictionary<string, object?> { ["x"] = 1, ["y"] = 2.5 } } } },
        ];
        string text = ChatTemplate.Parse(template).Render(new Dictionary<string, object?>
        {
            ["messages"] = messages, ["tools"] = null, ["add_generation_prompt"] = true, ["bos_token"] = "<s>", ["eos_token"] = "</s>",
        });
        Assert.True(text.Length <= 64_000_000);
    }

    private static void Fuzz(IReadOnlyList<string> seeds, Mutator mutator, Action<string> use)
    {
        for (int i = 0; i < Count; i++)
        {
            string input = mutator.Mutate(seeds[i % seeds.Count]);
            try
            {
                Bounded(() => use(input));
            }
            catch (Exception e) when (e is not TokenFactoryException)
            {
                throw new InvalidOperationException($"Case {i} failed with {e.GetType().Name}: {e.Message}\n{input}", e);
            }
        }
    }

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
        TimeSpan taken = Stopwatch.GetElapsedTime(start);
        if (taken > s_slowest)
        {
            s_slowest = taken;
            TestContext.Current.SendDiagnosticMessage("Slowest so far: {0:F3} s", taken.TotalSeconds);
        }

        Assert.True(Stopwatch.GetElapsedTime(start) < s_runsAway, "it runs away");
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
