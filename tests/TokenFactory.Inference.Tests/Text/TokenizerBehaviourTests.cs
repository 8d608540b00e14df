using System.Text.RegularExpressions;
using CsCheck;
using TokenFactory.Fuzz;
using TokenFactory.Inference.Text;
using TokenFactory.Inference.Text.Patterns;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Inference.Tests.Text;

public sealed class TokenizerBehaviourTests
{
    private static readonly string[] s_folders = ["spm-legacy-byte-fallback", "bytelevel-regex", "post-template", "norm-nfkc", "added-flags", "metaspace-first-split"];

    [Fact]
    public void Streaming_never_shows_half_a_character_and_ends_with_the_whole_text()
    {
        foreach (string folder in s_folders)
        {
            Tokenizer tokenizer = Load(folder);
            Gen.Int[0, tokenizer.VocabularySize + 3].Array[0, 30].SampleRepeatably(ids =>
            {
                StreamingDetokenizer stream = tokenizer.CreateDetokenizer();
                string[] parts = [.. ids.Select(stream.Add), stream.Flush()];
                Assert.All(parts, p => Assert.False(p.Length > 0 && (char.IsLowSurrogate(p[0]) || char.IsHighSurrogate(p[^1])), "half a character"));
                Assert.Equal(tokenizer.Decode(ids), string.Concat(parts));
            }, iter: 300);
        }
    }

    [Fact]
    public void Offsets_point_into_the_text_in_order()
    {
        foreach (string folder in s_folders)
        {
            Tokenizer tokenizer = Load(folder);
            var generator = new TextGenerator(7, ["<|end|>", "Norm", "word"]);
            for (int i = 0; i < 200; i++)
            {
                string text = generator.Next();
                int last = 0;
                foreach (TextRange range in tokenizer.Encode(text, addSpecialTokens: false).Offsets)
                {
                    Assert.InRange(range.Start, 0, text.Length);
                    Assert.InRange(range.End, Math.Max(range.Start, last), text.Length);
                    last = range.End;
                }
            }
        }
    }

    [Fact]
    public void A_token_of_half_a_character_covers_it_whole()
    {
        Encoding encoding = Load("bytelevel-regex").Encode("a\U0001F600b", addSpecialTokens: false);
        Assert.Contains(new TextRange(1, 3), encoding.Offsets);
        Assert.Equal(encoding.Ids.Count, encoding.Tokens.Count);
    }

    [Fact]
    public async Task Threads_do_not_disturb_each_other()
    {
        Tokenizer tokenizer = Load("bytelevel-regex");
        string[] texts = [.. Enumerable.Range(0, 8).Select(seed => string.Join(' ', Enumerable.Range(0, 40).Select(_ => new TextGenerator(seed, []).Next())))];
        int[][] alone = [.. texts.Select(t => tokenizer.EncodeToIds(t))];
        Tokenizer shared = Load("bytelevel-regex");
        int[][] together = await Task.WhenAll(texts.Select(t => Task.Run(() =>
        {
            int[] ids = [];
            for (int i = 0; i < 20; i++)
            {
                ids = shared.EncodeToIds(t);
            }

            return ids;
        })));
        Assert.Equal(alone, together);
    }

    [Fact]
    public void Lone_surrogates_count_as_the_replacement_character()
    {
        Tokenizer tokenizer = Load("bytelevel-regex");
        Assert.Equal(tokenizer.EncodeToIds("a\uFFFDb"), tokenizer.EncodeToIds("a\uD83Db"));
    }

    [Theory]
    [InlineData(@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    [InlineData(@"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")]
    [InlineData(@"(?<=a)b|(?<!a)b+?|(a|ab)(c|bcd)(d*)|(?>a+)b|x{2,4}?|(.)\1|[a-c-]+|\bthe\b|(?=a)\w+|^q|z$")]
    public void Patterns_match_as_the_platforms_engine_does(string pattern)
    {
        // In the plane and the syntax that both share: ^ and $ are line anchors here.
        var peer = new Regex(pattern, RegexOptions.Multiline | RegexOptions.CultureInvariant);
        TokenPattern ours = TokenPattern.Parse(pattern);
        Gen.String["abcdqthexz 1234'sL\u00E9\u65E5.,!\r\n\t\u00A0_-"].SampleRepeatably(text =>
        {
            var found = new List<(int, int)>();
            var run = new PatternRun(ours, text);
            while (run.Next(out int start, out int end))
            {
                found.Add((start, end));
            }

            Assert.Equal([.. peer.Matches(text).Select(m => (m.Index, m.Index + m.Length))], found);
        }, iter: 2000);
    }

    [Fact]
    public void The_cache_keeps_a_tokenizer_until_its_file_changes()
    {
        string folder = Directory.CreateTempSubdirectory("tokenizer-cache-").FullName;
        try
        {
            string file = Path.Combine(folder, "tokenizer.json");
            File.WriteAllText(file, MadeTokenizers.All["wordlevel"]);
            Tokenizer first = TokenizerCache.Get(folder);
            Assert.Same(first, TokenizerCache.Get(file));
            File.WriteAllText(file, MadeTokenizers.All["wordpiece-bert"]);
            Assert.NotSame(first, TokenizerCache.Get(folder));
            File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"bos_token":"[CLS]","eos_token":{"content":"[SEP]"},"chat_template":"{{ bos_token }}"}""");
            Tokenizer configured = TokenizerCache.Get(folder);
            Assert.Equal((1, 2, "{{ bos_token }}"), (configured.BosId, configured.EosId, configured.Settings.ChatTemplate));
            File.Delete(file);
            Assert.Equal("TokenizerNotFound", Assert.Throws<TokenizerException>(() => TokenizerCache.Get(folder)).ErrorId);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("""{"type":"UnicodeScripts"}""", "UnicodeScripts")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"a\\Kb"},"behavior":"Isolated","invert":false}""", "\\K")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"\\p{Klingon}"},"behavior":"Isolated","invert":false}""", "Klingon")]
    public void What_is_not_supported_is_named(string preTokenizer, string named)
    {
        string json = "{\"pre_tokenizer\":" + preTokenizer + ""","model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"}}""";
        TokenizerException failure = Assert.Throws<TokenizerException>(() => Tokenizer.Parse(System.Text.Encoding.UTF8.GetBytes(json)));
        Assert.Equal("TokenizerUnsupported", failure.ErrorId);
        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_conversation_is_rendered_from_messages_and_tools()
    {
        ChatTemplate template = ChatTemplate.Parse("{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ m.name }}{% endfor %}{{ tools | length if tools }}{% if add_generation_prompt %}<assistant>{% endif %}{{ extra }}");
        ChatMessage[] messages = [new("system", "be brief"), new("user", "hi") { Fields = new Dictionary<string, object?> { ["name"] = "Ada" } }];
        Assert.Equal("<system>be brief<user>hiAda<assistant>", template.Render(messages));
        Assert.Equal("<system>be brief<user>hiAda1!", template.Render(messages, [new Dictionary<string, object?> { ["type"] = "function" }], addGenerationPrompt: false,
            new Dictionary<string, object?> { ["extra"] = "!" }));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => ChatTemplate.Parse("{% for i in range(5000) %}{{ i }}{% endfor %}").Render(messages, cancellationToken: cancelled.Token));
    }

    private static Tokenizer Load(string folder) => Tokenizer.Parse(ReferenceData.TokenizerJson(Path.Combine(ReferenceData.Synthetic, folder)));
}
