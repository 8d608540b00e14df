using TokenFactory.Core;
using TokenFactory.Core.Definitions;
using TokenFactory.Measurement.Load;
using TokenFactory.Measurement.Prompts;
using TokenFactory.Measurement.Tests.Fakes;
using Xunit;

namespace TokenFactory.Measurement.Tests.Load;

public sealed class LoadRunnerTests
{
    private static readonly RunDescription s_run = new() { Model = "fake", Api = "engine", Load = "" };

    internal static SyntheticPrompts Prompts(int input = 16, int output = 8) => new(new TokenPromptWriter(1000, [500]), input, output, 7);

    private static async Task<ThroughputMeasurement> RunAsync(FakeEngine engine, LoadPlan plan, CancellationToken stop = default)
    {
        using var runner = new LoadRunner(plan, new EngineTarget(engine));
        return await runner.RunAsync(s_run, null, stop);
    }

    [Fact]
    public async Task Keeps_the_concurrency_and_counts_what_it_measured()
    {
        using var engine = new FakeEngine();
        ThroughputMeasurement m = await RunAsync(engine, new LoadPlan
        {
            Shape = new ConcurrencyLoad(4), Requests = 20, WarmupRequests = 3, Prompts = Prompts(),
        });
        Assert.InRange(engine.MostInFlight, 1, 4); // how many overlap is up to the machine; that all do is shown where requests are held
        Assert.Equal(23, engine.Requests.Count);
        Assert.Equal((20, 0, 16.0, 8.0), (m.Requests, m.Failed, m.InputTokens, m.OutputTokens));
        Assert.All(engine.Requests, r => Assert.True(r.Sampling.IgnoreEndTokens && r.InputTokens.Length == 16));
        Assert.Equal((20, 20, 20 * 7, 20), (m.TtftSeconds.Count, m.TpotSeconds.Count, m.ItlSeconds.Count, m.E2eSeconds.Count));
        Assert.Equal(160 / m.DurationSeconds!.Value, m.OutputTokensPerSecond!.Value, 1e-6);
        Assert.Equal(480 / m.DurationSeconds.Value, m.TotalTokensPerSecond!.Value, 1e-6);
        Assert.Equal(1 / m.TpotSeconds.P50!.Value, m.Interactivity!.Value, 1e-6);
        Assert.Equal(1 / m.TpotSeconds.P90!.Value, m.OperatingPoint!.Interactivity!.Value, 1e-6);
        Assert.Null(m.JoulesPerToken);
        Assert.Contains("JoulesPerToken", m.Unavailable.Keys);
        Assert.Equal("engine", m.TokenCount);
        Assert.Equal(4, m.Concurrency);
    }

    [Fact]
    public async Task Synthetic_prompts_differ_and_are_the_same_for_the_same_seed()
    {
        using var first = new FakeEngine();
        using var second = new FakeEngine();
        var plan = new LoadPlan { Shape = new ConcurrencyLoad(1), Requests = 5, Prompts = Prompts() };
        await RunAsync(first, plan);
        await RunAsync(second, plan with { Prompts = Prompts() });
        Assert.Equal(first.Requests.Select(r => r.InputTokens.ToArray()), second.Requests.Select(r => r.InputTokens.ToArray()));
        Assert.Equal(5, first.Requests.Select(r => string.Join(',', r.InputTokens.ToArray())).Distinct().Count());
        Assert.DoesNotContain(first.Requests, r => r.InputTokens.Span.Contains(500));
    }

    [Fact]
    public async Task Failures_are_kept_with_their_reason_and_out_of_the_latencies()
    {
        using var engine = new FakeEngine { RefusedLength = 16 };
        ThroughputMeasurement m = await RunAsync(engine, new LoadPlan
        {
            Shape = new ConcurrencyLoad(2), Requests = 6, Prompts = Prompts(), ServiceTargets = [new("gold", 100, null)],
        });
        Assert.Equal((6, 6, 0), (m.Requests, m.Failed, m.TtftSeconds.Count));
        Assert.Equal(6, m.Failures["EngineError"]);
        Assert.Contains("PromptTooLong", m.FailureExamples["EngineError"], StringComparison.Ordinal);
        Assert.Null(m.OutputTokensPerSecond);
        Assert.Null(m.OperatingPoint);
        Assert.Equal((0.0, 6), (m.GoodputRatio, m.GoodputByTier.Single().Requests));
    }

    [Fact]
    public async Task A_warm_up_that_fails_altogether_says_what_to_do()
    {
        using var engine = new FakeEngine { RefusedLength = 16 };
        TokenFactoryException e = await Assert.ThrowsAsync<TokenFactoryException>(() => RunAsync(engine, new LoadPlan
        {
            Shape = new ConcurrencyLoad(2), Requests = 6, WarmupRequests = 2, Prompts = Prompts(),
        }));
        Assert.Equal("TargetUnavailable", e.ErrorId);
        Assert.Contains("PromptTooLong", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stopping_gives_what_was_measured_so_far()
    {
        using var stop = new CancellationTokenSource();
        var gate = new TaskCompletionSource();
        using var engine = new FakeEngine { Gate = gate };
        Task<ThroughputMeasurement> running = RunAsync(engine, new LoadPlan { Shape = new ConcurrencyLoad(3), Requests = 1000, Prompts = Prompts() }, stop.Token);
        Assert.True(SpinWait.SpinUntil(() => engine.MostInFlight == 3, TimeSpan.FromSeconds(10)));
        stop.Cancel();
        ThroughputMeasurement m = await running.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.False(m.Completed);
        Assert.Equal((0, 3), (m.Requests, m.Unfinished));
        Assert.Null(m.OutputTokensPerSecond);
    }

    [Fact]
    public async Task Time_can_end_a_run()
    {
        using var engine = new FakeEngine();
        ThroughputMeasurement m = await RunAsync(engine, new LoadPlan { Shape = new ConcurrencyLoad(2), Duration = TimeSpan.FromMilliseconds(100), Prompts = Prompts() });
        Assert.True(m.Completed);
        Assert.True(m.Requests > 0);
        Assert.Equal(m.Requests, engine.Requests.Count);
    }

    [Fact]
    public async Task Cool_down_requests_are_sent_but_not_measured()
    {
        using var engine = new FakeEngine();
        ThroughputMeasurement m = await RunAsync(engine, new LoadPlan
        {
            Shape = new ConcurrencyLoad(4), Requests = 50, CoolDown = true, Prompts = Prompts(output: 40),
        });
        Assert.Equal(50, m.Requests);
        Assert.True(engine.Requests.Count >= 50);
    }

    [Fact]
    public async Task An_open_loop_keeps_arriving_while_it_cools_down()
    {
        var gate = new TaskCompletionSource();
        using var engine = new FakeEngine { Gate = gate };
        Task<ThroughputMeasurement> running = RunAsync(engine, new LoadPlan
        {
            Shape = new RateLoad(1000, ArrivalProcess.Constant), Requests = 5, CoolDown = true, Prompts = Prompts(),
        });
        Assert.True(SpinWait.SpinUntil(() => engine.MostInFlight >= 8, TimeSpan.FromSeconds(10)));
        gate.SetResult();
        ThroughputMeasurement m = await running.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal((5, 0), (m.Requests, m.Failed));
    }

    [Fact]
    public async Task Sessions_carry_what_was_said_before()
    {
        using var engine = new FakeEngine();
        ThroughputMeasurement m = await RunAsync(engine, new LoadPlan
        {
            Shape = new SessionLoad(1, 3, TimeSpan.Zero), Requests = 6, Prompts = Prompts(input: 4, output: 2),
        });
        Assert.Equal(6, m.Requests);
        Assert.Equal([4, 10, 16, 4, 10, 16], engine.Requests.Select(r => r.InputTokens.Length));
        int[] third = engine.Requests[2].InputTokens.ToArray();
        Assert.Equal(engine.Requests[1].InputTokens.ToArray(), third[..10]);
        Assert.Equal([500, 501], third[10..12]);
    }

    [Fact]
    public async Task An_open_loop_sends_on_time_whether_answers_come_or_not()
    {
        var gate = new TaskCompletionSource();
        using var engine = new FakeEngine { Gate = gate };
        Task<ThroughputMeasurement> running = RunAsync(engine, new LoadPlan
        {
            Shape = new RateLoad(500, ArrivalProcess.Constant), Requests = 40, Prompts = Prompts(),
        });
        Assert.True(SpinWait.SpinUntil(() => engine.MostInFlight == 40, TimeSpan.FromSeconds(10)));
        gate.SetResult();
        ThroughputMeasurement m = await running.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal((40, 500.0, 40), (m.Requests, m.RequestedRate, m.ClientLagSeconds.Count));
        Assert.Null(m.Concurrency);
    }

    [Fact]
    public async Task An_open_loop_that_outgrows_its_limit_says_that_the_client_was_the_limit()
    {
        var gate = new TaskCompletionSource();
        using var engine = new FakeEngine { Gate = gate };
        Task<ThroughputMeasurement> running = RunAsync(engine, new LoadPlan
        {
            Shape = new RateLoad(2000, ArrivalProcess.Constant), Requests = 40, MaximumInFlight = 10, Prompts = Prompts(),
        });
        Assert.True(SpinWait.SpinUntil(() => engine.MostInFlight == 10, TimeSpan.FromSeconds(10)));
        await Task.Delay(500);
        gate.SetResult();
        ThroughputMeasurement m = await running.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.True(m.ClientLimited);
        Assert.Contains("10 requests were in flight", m.ClientLimit, StringComparison.Ordinal);
        Assert.Equal(10, engine.MostInFlight);
    }

    [Fact]
    public async Task Over_several_tiers_goodput_is_of_what_met_them_all_and_cost_is_all_money_over_all_tokens()
    {
        using var engine = new FakeEngine();
        ThroughputMeasurement m = await RunAsync(engine, new LoadPlan
        {
            Shape = new ConcurrencyLoad(1), Requests = 4, Prompts = Prompts(), ServiceTargets = [new("free", 60, null), new("never", 1e-12, null)],
        });
        Assert.Equal([4L, 0L], m.GoodputByTier.Select(t => t.Met));
        Assert.Equal((0.0, 0.0), (m.GoodputRatio, m.Goodput));

        using var again = new FakeEngine();
        m = await RunAsync(again, new LoadPlan
        {
            Shape = new ConcurrencyLoad(1), Requests = 4, Prompts = Prompts(), ServiceTargets = [new("free", 60, null), new("slow", 120, 1e-9)],
        });
        Assert.Equal(1, m.GoodputRatio);
        Assert.Equal(m.OutputTokensPerSecond!.Value, m.Goodput!.Value, 6);
        Assert.DoesNotContain("Goodput", m.Unavailable.Keys);

        // Two tiers on hardware of different prices, with demands of one to three.
        FactoryDefinition factory = new()
        {
            Name = "two",
            Hardware = [new() { Name = "cheap", RatePerHour = 1 }, new() { Name = "dear", RatePerHour = 5 }],
            Tiers = [Sells("a", "cheap", 3e6), Sells("b", "dear", 1e6)],
        };
        ThroughputMeasurement priced = MeasurementCost.Price(m, factory);
        double a = priced.CostByTier[0].CostPerMillionOutputTokens!.Value, b = priced.CostByTier[1].CostPerMillionOutputTokens!.Value;
        Assert.Equal(5 * a, b, a * 1e-9);
        Assert.Equal(((3 * a) + b) / 4, priced.CostPerMillionOutputTokens!.Value, a * 1e-9);
        Assert.Equal(b, MeasurementCost.Price(m, factory, "b").CostPerMillionOutputTokens!.Value, b * 1e-9);

        TierDefinition Sells(string name, string hardware, double demand) => new()
        {
            Name = name, Hardware = hardware, Demand = new DemandDefinition { MeanTokensPerDay = demand },
            Production = [new OperatingPoint { OutputTokensPerSecondPerAccelerator = 100 }],
        };
    }
}
