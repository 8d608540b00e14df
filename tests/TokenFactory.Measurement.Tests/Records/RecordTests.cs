using TokenFactory.Core;
using TokenFactory.Measurement.Load;
using TokenFactory.Measurement.Records;
using TokenFactory.Measurement.Tests.Fakes;
using TokenFactory.Measurement.Tests.Load;
using Xunit;

namespace TokenFactory.Measurement.Tests.Records;

public sealed class RecordTests
{
    private static readonly string s_folder = Directory.CreateTempSubdirectory("tf-records-").FullName;

    private static async Task<ThroughputMeasurement> RunAsync(string path, int concurrency, RecordWriter writer, TaskCompletionSource? gate = null, CancellationToken stop = default)
    {
        using var engine = new FakeEngine { Gate = gate };
        using var runner = new LoadRunner(
            new LoadPlan { Shape = new ConcurrencyLoad(concurrency), Requests = 12, Prompts = LoadRunnerTests.Prompts(), Records = writer, ServiceTargets = [new("gold", 1e-9, null)] },
            new EngineTarget(engine));
        return await runner.RunAsync(new RunDescription { Model = "fake", Api = "engine", Load = "", RandomWeights = true, RecordPath = path }, null, stop);
    }

    [Fact]
    public async Task What_is_read_back_has_the_same_figures()
    {
        string path = Path.Combine(s_folder, "same.jsonl");
        ThroughputMeasurement first;
        ThroughputMeasurement second;
        using (var writer = new RecordWriter(path))
        {
            first = await RunAsync(path, 2, writer);
            second = await RunAsync(path, 3, writer);
            Assert.False(File.Exists(path));
        }

        ThroughputMeasurement[] read = [.. RecordReader.Read(path, [new("gold", 1e-9, null)])];
        Assert.Equal(2, read.Length);
        foreach ((ThroughputMeasurement live, ThroughputMeasurement again) in new[] { (first, read[0]), (second, read[1]) })
        {
            Assert.Equal((live.Model, live.Load, live.Concurrency, live.Requests, live.Failed, live.RandomWeights), (again.Model, again.Load, again.Concurrency, again.Requests, again.Failed, again.RandomWeights));
            Assert.Equal(live.OutputTokensPerSecond!.Value, again.OutputTokensPerSecond!.Value, live.OutputTokensPerSecond.Value * 1e-3);
            Assert.Equal(live.TtftSeconds.P99!.Value, again.TtftSeconds.P99!.Value, 1e-6);
            Assert.Equal(live.ItlSeconds.Count, again.ItlSeconds.Count);
            Assert.Equal(live.GoodputRatio, again.GoodputRatio);
            Assert.Equal(live.ClientLagSeconds.Count, again.ClientLagSeconds.Count);
            Assert.Equal((live.ReadingLagSeconds.Count, live.ReadingLagSeconds.P99), (again.ReadingLagSeconds.Count, again.ReadingLagSeconds.P99));
            Assert.Equal(live.StartedAt, again.StartedAt, TimeSpan.FromMilliseconds(1));
        }
    }

    [Fact]
    public async Task A_stopped_run_leaves_a_whole_file_of_what_was_measured()
    {
        string path = Path.Combine(s_folder, "stopped.jsonl");
        using (var stop = new CancellationTokenSource())
        using (var writer = new RecordWriter(path))
        {
            Task<ThroughputMeasurement> run = RunAsync(path, 2, writer, new TaskCompletionSource(), stop.Token);
            stop.CancelAfter(50);
            await run;
        }

        ThroughputMeasurement read = Assert.Single(RecordReader.Read(path, []));
        Assert.False(read.Completed);
        Assert.Empty(Directory.GetFiles(s_folder, "*.partial"));
    }

    [Fact]
    public void A_recording_without_a_run_leaves_what_was_there()
    {
        string path = Path.Combine(s_folder, "kept.jsonl");
        File.WriteAllText(path, "yesterday's");
        new RecordWriter(path).Dispose();
        Assert.Equal("yesterday's", File.ReadAllText(path));
        Assert.False(File.Exists(path + ".partial"));
    }

    [Fact]
    public void Failures_and_sessions_survive()
    {
        string path = Path.Combine(s_folder, "failures.jsonl");
        using (var writer = new RecordWriter(path))
        {
            writer.Begin(new RunDescription { Model = "m", Api = "chat", Load = "l" }, 0);
            var trace = new RequestTrace { Index = 4, Session = 2, Turn = 1, Failure = new RequestFailure(FailureReason.HttpStatus, "busy \u2028 \"now\"", 429) };
            trace.MarkSent(1_000_000);
            trace.MarkEnded(2_000_000);
            writer.Write(trace);
            writer.End(new RunEnding());
        }

        ThroughputMeasurement read = Assert.Single(RecordReader.Read(path, []));
        Assert.Equal((1, 1, 1), (read.Requests, read.Failed, read.Failures["HttpStatus 429"]));
        Assert.Equal("busy \u2028 \"now\"", read.FailureExamples["HttpStatus 429"]);
        Assert.Equal(3, File.ReadAllLines(path).Length);
    }

    [Theory]
    [InlineData("", "RecordFileInvalid")]
    [InlineData("not json\n", "RecordFileInvalid")]
    [InlineData("{\"type\":\"request\"}\n", "RecordFileInvalid")]
    [InlineData("{\"type\":\"run\",\"format\":\"other\",\"version\":1}\n", "RecordFileInvalid")]
    [InlineData("{\"type\":\"run\",\"format\":\"tokenfactory-throughput\",\"version\":99}\n", "RecordVersionNotSupported")]
    public void A_wrong_file_is_refused(string text, string id)
    {
        string path = Path.Combine(s_folder, Guid.NewGuid().ToString("N"));
        File.WriteAllText(path, text);
        Assert.Equal(id, Assert.Throws<TokenFactoryException>(() => RecordReader.Read(path, []).ToList()).ErrorId);
    }

    [Fact]
    public void A_file_that_is_not_there_is_said_so() =>
        Assert.Equal("RecordFileNotFound", Assert.Throws<TokenFactoryException>(() => RecordReader.Read("/no/such", []).ToList()).ErrorId);
}
