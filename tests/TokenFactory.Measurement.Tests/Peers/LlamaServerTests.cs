using TokenFactory.Measurement.Http;
using TokenFactory.Measurement.Load;
using TokenFactory.Measurement.Prompts;
using Xunit;

namespace TokenFactory.Measurement.Tests.Peers;

/// <summary>The client against llama.cpp's server: nothing on the other side was written here.</summary>
public sealed class LlamaServerTests(LlamaServer server) : IClassFixture<LlamaServer>
{
    private const int InputTokens = 40;
    private const int OutputTokens = 16;

    [Theory]
    [InlineData(ServerApi.Chat)]
    [InlineData(ServerApi.Completions)]
    public async Task Every_request_has_the_tokens_that_were_asked_for(ServerApi api)
    {
        ThroughputMeasurement m = await MeasureAsync(server.Options with { Api = api, IgnoreEndOfSequence = true }, new ConcurrencyLoad(4), 24);
        Assert.True(m.Failed == 0, string.Join("; ", m.FailureExamples));
        Assert.Equal((24, "server usage", InputTokens, OutputTokens), (m.Requests, m.TokenCount, m.InputTokens, m.OutputTokens));
        Assert.InRange(m.ClientOutputTokens!.Value, 1, OutputTokens);
        Assert.Equal(24, m.TtftSeconds.Count);
        Assert.True(m.E2eSeconds.P50 >= m.TtftSeconds.P50);
    }

    [Fact]
    public async Task Requests_that_arrive_by_a_rate_are_all_answered()
    {
        ThroughputMeasurement m = await MeasureAsync(server.Options with { IgnoreEndOfSequence = true }, new RateLoad(40, ArrivalProcess.Poisson, 1), 40);
        Assert.Equal((40, 0, 40.0), (m.Requests, m.Failed, m.RequestedRate));
        Assert.Equal(40, m.ClientLagSeconds!.Count);
    }

    [Fact]
    public async Task Sessions_send_what_was_said_and_the_server_reuses_it()
    {
        ThroughputMeasurement m = await MeasureAsync(server.Options with { IgnoreEndOfSequence = true }, new SessionLoad(2, 3, TimeSpan.Zero), 12);
        Assert.Equal((12, 0), (m.Requests, m.Failed));
        Assert.True(m.InputTokens > 1.5 * InputTokens, $"{m.InputTokens} input tokens");
        Assert.True(m.CachedTokens > 0, $"{m.CachedTokens} cached tokens");
    }

    [Fact]
    public async Task A_prompt_longer_than_the_context_is_a_refusal_in_the_servers_words()
    {
        ThroughputMeasurement m = await MeasureAsync(server.Options, new ConcurrencyLoad(1), 2, LlamaServer.ContextTokens * 2);
        Assert.Equal(2, m.Failures["HttpStatus 400"]);
        Assert.Contains("context", m.FailureExamples["HttpStatus 400"], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_wrong_key_is_a_refusal_that_does_not_show_it()
    {
        const string Wrong = "sk-wrong-0815";
        ThroughputMeasurement m = await MeasureAsync(server.Options with { ApiKey = new ApiKey(Wrong) }, new ConcurrencyLoad(1), 2);
        Assert.Equal(2, m.Failures["HttpStatus 401"]);
        Assert.DoesNotContain(Wrong, m.FailureExamples["HttpStatus 401"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fields_that_only_this_server_sends_do_no_harm()
    {
        ServerOptions options = server.Options with
        {
            IgnoreEndOfSequence = true,
            ExtraBody = new Dictionary<string, string> { ["n_probs"] = "1", ["timings_per_token"] = "true", ["return_progress"] = "true", ["temperature"] = "0" },
        };
        ThroughputMeasurement m = await MeasureAsync(options, new ConcurrencyLoad(2), 6);
        Assert.True(m.Failed == 0, string.Join("; ", m.FailureExamples));
        Assert.Equal(OutputTokens, m.OutputTokens);
    }

    [Fact]
    public async Task A_server_that_is_killed_leaves_failures_and_no_success_too_many()
    {
        await using var own = new LlamaServer();
        await own.InitializeAsync();
        ServerOptions options = own.Options with { IgnoreEndOfSequence = true };
        ThroughputMeasurement m = await MeasureAsync(options, new ConcurrencyLoad(4), 2000, output: 200, progress: new Killer(own));
        Assert.Equal(2000, m.Requests);
        Assert.InRange(m.Failed, 1000, 2000);
        Assert.All(m.Failures.Keys, k => Assert.Contains(k, (string[])["ConnectionFailed", "ConnectionLost", "StreamTruncated"], StringComparer.Ordinal));
        Assert.Contains(m.Failures.Keys, k => k is "ConnectionLost" or "StreamTruncated");
    }

    private static async Task<ThroughputMeasurement> MeasureAsync(ServerOptions options, LoadShape shape, int requests, int input = InputTokens, int output = OutputTokens, IProgress<LoadProgress>? progress = null)
    {
        await using var target = new ServerTarget(options);
        var writer = new WordPromptWriter();
        await PromptCalibration.RunAsync(target, writer, input, 1, TestContext.Current.CancellationToken);
        using var runner = new LoadRunner(new LoadPlan { Shape = shape, Requests = requests, Prompts = new SyntheticPrompts(writer, input, output, 1), RequestTimeout = TimeSpan.FromMinutes(1) }, target);
        return await runner.RunAsync(new RunDescription { Model = target.Model, Provider = target.Provider, Api = target.Api, Load = "" }, progress, TestContext.Current.CancellationToken);
    }

    /// <summary>Kills the server when the run is under way.</summary>
    private sealed class Killer(LlamaServer server) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value)
        {
            if (value.Ended > 0)
            {
                server.Kill();
            }
        }
    }
}
