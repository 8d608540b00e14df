using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using TokenFactory.Measurement;
using TokenFactory.Measurement.Http;
using TokenFactory.Measurement.Load;
using TokenFactory.Measurement.Prompts;
using TokenFactory.Measurement.Records;

namespace TokenFactory.Benchmarks;

/// <summary>What the load client can do beside a server on the same cores, and how far its figures are from the server's own.</summary>
internal static class ClientBenchmark
{
    private const int Fragments = 16;

    /// <summary>Prints rates, lag and the difference to a server whose timing is known.</summary>
    /// <param name="output">Where to print.</param>
    public static void Run(TextWriter output) => WithServerAsync(output, SpeedAsync).GetAwaiter().GetResult();

    /// <summary>Prints how much memory a million requests take; some minutes long.</summary>
    /// <param name="output">Where to print.</param>
    public static void RunMemory(TextWriter output) => WithServerAsync(output, MemoryAsync).GetAwaiter().GetResult();

    /// <summary>Prints lag at many open streams alone.</summary>
    /// <param name="output">Where to print.</param>
    public static void RunPaced(TextWriter output) => WithServerAsync(output, PacedAsync).GetAwaiter().GetResult();

    private static async Task WithServerAsync(TextWriter output, Func<TextWriter, StreamServerProcess, Task> measure)
    {
        using var server = new StreamServerProcess();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"client beside a Kestrel server in another process, {Environment.ProcessorCount} cores shared"));
        await measure(output, server);
    }

    private static async Task SpeedAsync(TextWriter output, StreamServerProcess server)
    {
        await RunOneAsync(server.Plain, "fast", new ConcurrencyLoad(64), 20_000, null);
        ThroughputMeasurement top = await PrintAsync(output, server, $"closed loop, 64 in flight, {Fragments} fragments", server.Plain, "fast", new ConcurrencyLoad(64), 40_000);
        await PrintAsync(output, server, "open loop at half of that", server.Plain, "fast", new RateLoad(top.RequestsPerSecond!.Value / 2), 20_000);
        await PrintAsync(output, server, "open loop, 1500 requests/s", server.Plain, "fast", new RateLoad(1500), 15_000);
        await PacedAsync(output, server);
        await PrintAsync(output, server, "HTTP/2, open loop, 1500 requests/s, a packet every 104 ms", server.Http2, "timed-100-104", new RateLoad(1500), 18_000, 3000);
        await TlsAsync(output, server);
        await CrossCheckAsync(output, server);
        await StopAsync(output, server);
    }

    // Here every fragment is a packet of its own, and requests / s times the life of a stream are open at once.
    private static async Task PacedAsync(TextWriter output, StreamServerProcess server)
    {
        foreach ((string name, Uri address) in new[] { ("lean server", server.Lean), ("plain server", server.Plain) })
        {
            foreach (int rate in new[] { 1500, 3000 })
            {
                await PrintAsync(output, server, $"{name}, open loop, {rate} requests/s, a packet every 104 ms", address, "timed-100-104", new RateLoad(rate), rate * 12, rate * 2);
            }
        }
    }

    /// <summary>Prints rates and lag by TLS alone.</summary>
    /// <param name="output">Where to print.</param>
    public static void RunTls(TextWriter output) => WithServerAsync(output, TlsAsync).GetAwaiter().GetResult();

    private static async Task TlsAsync(TextWriter output, StreamServerProcess server)
    {
        await PrintAsync(output, server, $"TLS, closed loop, 64 in flight, {Fragments} fragments", server.Tls, "fast", new ConcurrencyLoad(64), 20_000);
        await PrintAsync(output, server, "TLS, open loop, 1500 requests/s, a packet every 104 ms", server.Tls, "timed-100-104", new RateLoad(1500), 18_000, 3000);
    }

    // How far the client's figures are from what the server knows of the same streams.
    private static async Task CrossCheckAsync(TextWriter output, StreamServerProcess server)
    {
        using var http = new HttpClient();
        foreach ((string model, LoadShape shape, int seconds) in new (string, LoadShape, int)[]
        {
            ("timed-50-20", new ConcurrencyLoad(1), 10), ("timed-50-20", new RateLoad(50), 5), ("timed-50-20", new RateLoad(500), 5), ("timed-100-104", new RateLoad(1500), 8),
        })
        {
            int requests = shape is RateLoad rate ? (int)rate.Rate * seconds : seconds * 3;
            int warmUp = requests > 10_000 ? 3000 : 0;
            await http.GetStringAsync(server.Lean);
            ThroughputMeasurement m = await RunOneAsync(server.Lean, model, shape, requests, null, warmUp: warmUp);
            using var served = JsonDocument.Parse(await http.GetStringAsync(server.Lean));

            // All warm-up requests end before the first measured one is sent.
            double[] ttft = [.. served.RootElement.GetProperty("ttft").EnumerateArray().Skip(warmUp).Select(t => t.GetDouble()).Order()];
            double[] tpot = [.. served.RootElement.GetProperty("tpot").EnumerateArray().Skip(warmUp).Select(t => t.GetDouble()).Order()];
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  known timing, {m.Load}, {m.RequestsPerSecond * m.E2eSeconds.Mean:0} open: client − server TTFT P50 {Difference(m.TtftSeconds.P50, ttft, 0.5):+0.000;-0.000;0.000} ms, P90 {Difference(m.TtftSeconds.P90, ttft, 0.9):+0.000;-0.000;0.000} ms, P99 {Difference(m.TtftSeconds.P99, ttft, 0.99):+0.000;-0.000;0.000} ms; TPOT P50 {Difference(m.TpotSeconds.P50, tpot, 0.5):+0.000;-0.000;0.000} ms, P90 {Difference(m.TpotSeconds.P90, tpot, 0.9):+0.000;-0.000;0.000} ms, P99 {Difference(m.TpotSeconds.P99, tpot, 0.99):+0.000;-0.000;0.000} ms (limit 2 ms)"));
        }
    }

    // How long the run takes to give up what is open when it is stopped.
    private static async Task StopAsync(TextWriter output, StreamServerProcess server)
    {
        string path = Path.Combine(Path.GetTempPath(), $"tokenfactory-stop-{Environment.ProcessId}.jsonl");
        await using var target = new ServerTarget(new ServerOptions { Uri = server.Lean, Model = "timed-100-104" });
        foreach (int rate in new[] { 50, 1500, 3000 })
        {
            using var stop = new CancellationTokenSource();
            long stopped = 0;
            using var timer = new Timer(_ =>
            {
                stopped = Stopwatch.GetTimestamp();
                stop.Cancel();
            });
            timer.Change(TimeSpan.FromSeconds(7), Timeout.InfiniteTimeSpan);
            var session = new ThroughputSession(target, seed => new SyntheticPrompts(new WordPromptWriter(), 16, Fragments, seed), new ThroughputOptions
            {
                Shapes = [new RateLoad(rate)],
                Duration = TimeSpan.FromMinutes(1),
                WarmupRequests = rate * 2,
                RecordPath = path,
            });
            double measured = 0;
            ThroughputMeasurement? last = null;
            await foreach (ThroughputMeasurement m in session.RunAsync(null, stop.Token))
            {
                measured = Stopwatch.GetElapsedTime(stopped).TotalMilliseconds;
                last = m;
            }

            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  stopped with {last?.Unfinished} streams open: the measurement of {last?.Requests} requests was there after {measured:0} ms, their records after {Stopwatch.GetElapsedTime(stopped).TotalMilliseconds:0} ms"));
            File.Delete(path);
        }
    }

    private static async Task MemoryAsync(TextWriter output, StreamServerProcess server)
    {
        string path = Path.Combine(Path.GetTempPath(), $"tokenfactory-{Environment.ProcessId}.jsonl");
        try
        {
            await RunOneAsync(server.Plain, "fast", new ConcurrencyLoad(64), 20_000, null);
            using var records = new RecordWriter(path);
            const long Requests = 1_000_000;
            long start = Stopwatch.GetTimestamp();
            ThroughputMeasurement m;
            output.WriteLine("  s: heap after the last collection, working set, records on disk");
            using (new Timer(_ => output.WriteLine(Memory(start, path)), null, 5_000, 5_000))
            {
                m = await RunOneAsync(server.Plain, "fast", new ConcurrencyLoad(64), Requests, records);
            }

            long live = GC.GetTotalMemory(true);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {m.Requests} requests of {Fragments} fragments with records: {m.RequestsPerSecond:0} requests/s, {m.Failed} failed, {live / 1048576.0:0.0} MiB live after it, peak working set {Process.GetCurrentProcess().PeakWorkingSet64 / 1048576.0:0} MiB, percentiles by {m.ItlSeconds.Method}"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string Memory(long start, string path) => string.Create(CultureInfo.InvariantCulture,
        $"  {Stopwatch.GetElapsedTime(start).TotalSeconds:0}: {GC.GetGCMemoryInfo(GCKind.Any).HeapSizeBytes / 1048576.0:0.0} MiB, {Environment.WorkingSet / 1048576.0:0} MiB, {new FileInfo(path + ".partial").Length / 1048576.0:0} MiB");

    private static async Task<ThroughputMeasurement> RunOneAsync(Uri address, string model, LoadShape shape, long requests, RecordWriter? records, int fragments = Fragments, int warmUp = 64)
    {
        await using var target = new ServerTarget(new ServerOptions { Uri = new Uri(address.GetLeftPart(UriPartial.Authority)), Model = model, SkipCertificateCheck = address.Scheme == Uri.UriSchemeHttps, HttpVersion = address.Fragment.Length > 0 ? new Version(2, 0) : null });
        using var runner = new LoadRunner(
            new LoadPlan { Shape = shape, Requests = requests, Prompts = new SyntheticPrompts(new WordPromptWriter(), 16, fragments, 1), WarmupRequests = (int)Math.Min(warmUp, requests), Records = records },
            target);
        return await runner.RunAsync(new RunDescription { Model = model, Api = "chat", Load = "" }, null, CancellationToken.None);
    }

    /// <summary>Prints how fast a run ends that is stopped.</summary>
    /// <param name="output">Where to print.</param>
    public static void RunStop(TextWriter output) => WithServerAsync(output, StopAsync).GetAwaiter().GetResult();

    /// <summary>Prints at which rate many open streams make the client late.</summary>
    /// <param name="output">Where to print.</param>
    public static void RunLimit(TextWriter output) => WithServerAsync(output, LimitAsync).GetAwaiter().GetResult();

    private static async Task LimitAsync(TextWriter output, StreamServerProcess server)
    {
        for (int rate = 3000; rate <= 8000; rate += 1000)
        {
            ThroughputMeasurement m = await PrintAsync(output, server, $"lean server, open loop, {rate} requests/s, a packet every 104 ms", server.Lean, "timed-100-104", new RateLoad(rate), rate * 10, rate * 2);
            if (m.ClientLimited)
            {
                return;
            }
        }
    }

    private static async Task<ThroughputMeasurement> PrintAsync(TextWriter output, StreamServerProcess server, string name, Uri address, string model, LoadShape shape, long requests, int warmUp = 64)
    {
        TimeSpan client = Process.GetCurrentProcess().TotalProcessorTime;
        TimeSpan other = server.ProcessorTime;
        long start = Stopwatch.GetTimestamp();
        ThroughputMeasurement m = await RunOneAsync(address, model, shape, requests, null, warmUp: warmUp);
        TimeSpan wall = Stopwatch.GetElapsedTime(start);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {name}: {m.AchievedRate:0} requests/s sent of {m.Requests}, {m.OutputTokensPerSecond:0} fragments/s, {m.Failed} failed, {m.AchievedRate * m.E2eSeconds.Mean:0} open, {Sending(m)}lag of reading P50 {m.ReadingLagSeconds.P50 * 1000:0.00} ms, P99 {m.ReadingLagSeconds.P99 * 1000:0.00} ms, TTFT P50 {m.TtftSeconds.P50 * 1000:0.00} ms, P99 {m.TtftSeconds.P99 * 1000:0.00} ms{(m.ClientLimited ? $", client limited: {m.ClientLimit}" : "")}; cores used with the warm-up: client {(Process.GetCurrentProcess().TotalProcessorTime - client) / wall:0.00}, server {(server.ProcessorTime - other) / wall:0.00}"));
        return m;
    }

    private static string Sending(ThroughputMeasurement m) => m.ClientLagSeconds.Count == 0
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $"lag of sending P50 {m.ClientLagSeconds.P50 * 1000:0.00} ms, P99 {m.ClientLagSeconds.P99 * 1000:0.00} ms, max {m.ClientLagSeconds.Maximum * 1000:0.0} ms, ");

    private static double Difference(double? client, double[] server, double probability) =>
        1000 * (client!.Value - Measurement.Statistics.SampleSet.Quantile(server, probability));
}
