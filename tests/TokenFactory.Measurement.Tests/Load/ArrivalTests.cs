using TokenFactory.Core;
using TokenFactory.Measurement.Load;
using TokenFactory.Measurement.Prompts;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Measurement.Tests.Load;

public sealed class ArrivalTests
{
    private static double[] Gaps(ArrivalLoad load, int count, ulong seed = 3)
    {
        double[] times = [.. load.Arrivals(seed).Take(count + 1).Select(a => a.Seconds)];
        return [.. times.Zip(times.Skip(1), (a, b) => b - a)];
    }

    private static (double Mean, double Variation) Moments(double[] values)
    {
        double mean = values.Average();
        return (mean, Math.Sqrt(values.Average(v => (v - mean) * (v - mean))) / mean);
    }

    [Theory]
    [InlineData(ArrivalProcess.Poisson, 1, 1)]
    [InlineData(ArrivalProcess.Gamma, 2.5, 2.5)]
    [InlineData(ArrivalProcess.Gamma, 0.4, 0.4)]
    public void Gaps_have_the_mean_and_the_variation_that_were_asked_for(ArrivalProcess process, double variation, double expected)
    {
        (double mean, double measured) = Moments(Gaps(new RateLoad(50, process, variation), 40_000));
        Assert.InRange(mean * 50, 0.96, 1.04);
        Assert.InRange(measured / expected, 0.95, 1.05);
    }

    [Fact]
    public void Constant_arrivals_do_not_drift()
    {
        double[] times = [.. new RateLoad(3, ArrivalProcess.Constant).Arrivals(1).Take(1_000_000).Select(a => a.Seconds)];
        Assert.Equal(999_999 / 3.0, times[^1], 1e-9);
    }

    [Fact]
    public void A_ramp_rises_evenly_and_then_stays()
    {
        double[] times = [.. new RampLoad(0, 1000, TimeSpan.FromSeconds(10)).Arrivals(5).TakeWhile(a => a.Seconds < 20).Select(a => a.Seconds)];
        double[] perSecond = [.. Enumerable.Range(0, 20).Select(s => (double)times.Count(t => t >= s && t < s + 1))];
        Assert.InRange(perSecond[0], 25, 80);
        Assert.InRange(perSecond[5], 470, 630);
        Assert.InRange(perSecond[10..].Average(), 960, 1040);
        Assert.True(times.SequenceEqual(times.Order()));
    }

    [Fact]
    public void The_same_seed_gives_the_same_arrivals()
    {
        Assert.Equal(Gaps(new RateLoad(9), 100), Gaps(new RateLoad(9), 100));
        Assert.NotEqual(Gaps(new RateLoad(9), 100), Gaps(new RateLoad(9), 100, seed: 4));
    }

    [Fact]
    public void An_azure_trace_is_read_with_its_times()
    {
        IReadOnlyList<TraceEntry> entries = TraceReader.Read(Temporary("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109\n"));
        Assert.Equal(2, entries.Count);
        Assert.Equal((0, 374, 44), (entries[0].Seconds, entries[0].InputTokens, entries[0].OutputTokens));
        Assert.Equal(4.314579, entries[1].Seconds, 1e-6);
    }

    [Fact]
    public void A_mooncake_trace_shares_the_text_of_its_prefix_blocks()
    {
        IReadOnlyList<TraceEntry> entries = TraceReader.Read(Temporary(
            """
            {"timestamp": 0, "input_length": 1100, "output_length": 5, "hash_ids": [0, 1, 2]}
            {"timestamp": 2500, "input_length": 1300, "output_length": 7, "hash_ids": [0, 1, 3]}
            """));
        Assert.Equal(2.5, entries[1].Seconds, 1e-9);
        var prompts = new SyntheticPrompts(new TokenPromptWriter(32_000, []), 1, 1, 9);
        int[] first = prompts.Create(0, entries[0]).Tokens.ToArray();
        int[] second = prompts.Create(1, entries[1]).Tokens.ToArray();
        Assert.Equal((1100, 1300, 7), (first.Length, second.Length, prompts.Create(1, entries[1]).OutputTokens));
        Assert.Equal(first[..1024], second[..1024]);
        Assert.NotEqual(first[1024..], second[1024..1100]);
        var words = new SyntheticPrompts(new WordPromptWriter(), 1, 1, 9);
        string left = words.Create(0, entries[0]).Text!;
        string right = words.Create(1, entries[1]).Text!;
        Assert.Equal(left.Split(' ')[..1025], right.Split(' ')[..1025]);
        Assert.Equal(1301, right.Split(' ').Length);
    }

    [Theory]
    [InlineData("TIMESTAMP,ContextTokens\n1,2\n", "line 1")]
    [InlineData("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,1,x\n", "line 2")]
    [InlineData("{\"timestamp\": 0, \"input_length\": 5}\n", "line 1")]
    [InlineData("{\"timestamp\": 0, \"input_length\": -5, \"output_length\": 2}\n", "negative")]
    [InlineData("", "no requests")]
    public void A_wrong_trace_is_refused_with_its_line(string text, string says)
    {
        TokenFactoryException e = Assert.Throws<TokenFactoryException>(() => TraceReader.Read(Temporary(text)));
        Assert.Equal("TraceInvalid", e.ErrorId);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_published_traces_are_read_whole()
    {
        IReadOnlyList<TraceEntry> azure = TraceReader.Read(TestData.Require("azure-llm-conv-2023.csv"));
        Assert.Equal(19_366, azure.Count);
        Assert.InRange(azure[^1].Seconds, 3300, 3700);
        IReadOnlyList<TraceEntry> mooncake = TraceReader.Read(TestData.Require("mooncake-conversation.jsonl"));
        Assert.True(mooncake.Count > 10_000);
        Assert.All(mooncake, e => Assert.InRange(e.Blocks.Count * TraceEntry.BlockTokens, e.InputTokens, e.InputTokens + TraceEntry.BlockTokens));
    }

    private static string Temporary(string text)
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("tf-trace-").FullName, "trace");
        File.WriteAllText(path, text);
        return path;
    }
}
