using TokenFactory.Measurement.Load;
using TokenFactory.Measurement.Prompts;
using TokenFactory.Measurement.Tests.Fakes;
using Xunit;

namespace TokenFactory.Measurement.Tests.Load;

public sealed class ThroughputSessionTests
{
    private static async Task<List<ThroughputMeasurement>> RunAsync(FakeEngine engine, ThroughputOptions options, CancellationToken stop = default)
    {
        var session = new ThroughputSession(new EngineTarget(engine), seed => new SyntheticPrompts(new TokenPromptWriter(1000, []), 8, 4, seed), options);
        List<ThroughputMeasurement> results = [];
        await foreach (ThroughputMeasurement measured in session.RunAsync(null, stop))
        {
            results.Add(measured);
        }

        return results;
    }

    [Fact]
    public async Task Loads_run_one_after_the_other_with_their_repeats()
    {
        using var engine = new FakeEngine();
        List<ThroughputMeasurement> results = await RunAsync(engine, new ThroughputOptions
        {
            Shapes = [new ConcurrencyLoad(1), new ConcurrencyLoad(3)], Requests = 6, Repeats = 2, WarmupRequests = 1,
        });
        Assert.Equal([(1, 1), (1, 2), (3, 1), (3, 2)], results.Select(r => (r.Concurrency!.Value, r.Repeat)));
        Assert.Equal(4 * 6 + 2, engine.Requests.Count);

        // No run asks what another has asked, or a prefix cache would answer.
        Assert.Equal(engine.Requests.Count, engine.Requests.Select(r => string.Join(',', r.InputTokens.ToArray())).Distinct().Count());
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData(2, false)]
    public async Task An_engine_of_this_process_is_warmed_up_until_its_code_is_compiled(int? warmup, bool more)
    {
        using var engine = new FakeEngine();
        List<ThroughputMeasurement> results = await RunAsync(engine, new ThroughputOptions { Shapes = [new ConcurrencyLoad(2)], Requests = 6, WarmupRequests = warmup });
        Assert.Equal(6, Assert.Single(results).Requests);
        Assert.Equal(more, engine.Requests.Count > 6 + 2);
    }

    [Fact]
    public async Task Prompts_follow_their_seed_and_arrivals_theirs()
    {
        static async Task<string[]> PromptsAsync(ulong seed, ulong? promptSeed)
        {
            using var engine = new FakeEngine();
            await RunAsync(engine, new ThroughputOptions { Shapes = [new ConcurrencyLoad(1)], Requests = 4, WarmupRequests = 1, Seed = seed, PromptSeed = promptSeed });
            return [.. engine.Requests.Select(r => string.Join(',', r.InputTokens.ToArray()))];
        }

        Assert.Equal(await PromptsAsync(5, null), await PromptsAsync(5, null));
        Assert.Equal(await PromptsAsync(5, 7), await PromptsAsync(6, 7));
        Assert.Empty((await PromptsAsync(5, 7)).Intersect(await PromptsAsync(5, 8)));
    }

    [Fact]
    public async Task A_sweep_marks_its_knee_once_it_has_ended()
    {
        using var engine = new FakeEngine();
        List<ThroughputMeasurement> results = await RunAsync(engine, new ThroughputOptions { SweepUpTo = 8, Requests = 16, WarmupRequests = 0 });
        ThroughputMeasurement knee = Assert.Single(results, r => r.IsKnee);
        Assert.True(knee.OutputTokensPerSecond >= 0.95 * results.Max(r => r.OutputTokensPerSecond));
        Assert.All(results.Where(r => r.OutputTokensPerSecond >= 0.95 * results.Max(x => x.OutputTokensPerSecond)), r => Assert.True(r.Concurrency >= knee.Concurrency));
    }

    [Fact]
    public async Task Confidence_ends_the_repeats_early_and_never_goes_on_beyond_them()
    {
        using var engine = new FakeEngine();
        Assert.Equal(3, (await RunAsync(engine, new ThroughputOptions { Shapes = [new ConcurrencyLoad(1)], Requests = 2, Repeats = 9, Confidence = 1e9 })).Count);
        Assert.Equal(4, (await RunAsync(engine, new ThroughputOptions { Shapes = [new ConcurrencyLoad(1)], Requests = 2, Repeats = 4, Confidence = 1e-12 })).Count);
    }

    [Fact]
    public async Task Stopping_keeps_the_runs_that_ended()
    {
        using var stop = new CancellationTokenSource();
        using var engine = new FakeEngine();
        var session = new ThroughputSession(
            new EngineTarget(engine), seed => new SyntheticPrompts(new TokenPromptWriter(1000, []), 8, 4, seed),
            new ThroughputOptions { Shapes = [new ConcurrencyLoad(1), new ConcurrencyLoad(2)], Duration = TimeSpan.FromMilliseconds(50), Repeats = 1000 });
        List<ThroughputMeasurement> results = [];
        await foreach (ThroughputMeasurement measured in session.RunAsync(null, stop.Token))
        {
            results.Add(measured);
            if (results.Count == 2)
            {
                stop.Cancel();
            }
        }

        Assert.True(results.Count is 2 or 3);
        Assert.All(results.Take(2), r => Assert.True(r.Completed));
        Assert.All(results.Skip(2), r => Assert.False(r.Completed));
    }
}
