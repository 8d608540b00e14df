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
        await CrossCheckAsync(output, server.Lean);
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

    private static async Task CrossCheckAsync(TextWriter output, Uri address)
    {
        using var http = new HttpClient();
        foreach (LoadShape shape in new LoadShape[] { new ConcurrencyLoad(1), new RateLoad(50), new RateLoad(500) })
        {
            await http.GetStringAsync(address);
            ThroughputMeasurement m = await RunOneAsync(address, "timed-50-20", shape, shape is RateLoad rate ? (long)rate.Rate * 4 : 30, null, warmUp: 0);
            using var served = JsonDocument.Parse(await http.GetStringAsync(address));
            double[] ttft = [.. served.RootElement.GetProperty("ttft").EnumerateArray().Select(t => t.GetDouble()).Order()];
            double[] tpot = [.. served.RootElement.GetProperty("tpot").EnumerateArray().Select(t => t.GetDouble()).Order()];
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  known timing, {m.Load}: client − server TTFT P50 {Difference(m.TtftSeconds.P50, ttft, 0.5):+0.000;-0.000} ms, P90 {Difference(m.TtftSeconds.P90, ttft, 0.9):+0.000;-0.000} ms; TPOT P50 {Difference(m.TpotSeconds.P50, tpot, 0.5):+0.000;-0.000} ms, P90 {Difference(m.TpotSeconds.P90, tpot, 0.9):+0.000;-0.000} ms (limit 2 ms)"));
        }
    }

    private static async Task MemoryAsync(TextWriter output, StreamServerProcess server)
    {
        string path = Path.Combine(Path.GetTempPath(), $"tokenfactory-{Environment.ProcessId}.jsonl");
        try
        {
            using var records = new RecordWriter(path);
            List<string> heap = [];
            ThroughputMeasurement? last = null;
            long requests = 1_000_000;
            using (var timer = new Timer(_ => heap.Add(string.Create(CultureInfo.InvariantCulture, $"{GC.GetTotalMemory(false) / 1048576.0:0} MiB")), null, 15_000, 30_000))
            {
                last = await RunOneAsync(server.Plain, "fast", new ConcurrencyLoad(64), requests, records, 2);
            }

            GC.Collect();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {last.Requests} requests of 2 fragments with records: {last.RequestsPerSecond:0} requests/s, {last.Failed} failed, heap every 30 s {string.Join(", ", heap)}, live after it {GC.GetTotalMemory(true) / 1048576.0:0.0} MiB, peak working set {Process.GetCurrentProcess().PeakWorkingSet64 / 1048576.0:0} MiB"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static async Task<ThroughputMeasurement> RunOneAsync(Uri address, string model, LoadShape shape, long requests, RecordWriter? records, int fragments = Fragments, int warmUp = 64)
    {
        await using var target = new ServerTarget(new ServerOptions { Uri = address, Model = model });
        using var runner = new LoadRunner(
            new LoadPlan { Shape = shape, Requests = requests, Prompts = new SyntheticPrompts(new WordPromptWriter(), 16, fragments, 1), WarmupRequests = (int)Math.Min(warmUp, requests), Records = records },
            target);
        return await runner.RunAsync(new RunDescription { Model = model, Api = "chat", Load = "" }, null, CancellationToken.None);
    }

    private static async Task<ThroughputMeasurement> PrintAsync(TextWriter output, StreamServerProcess server, string name, Uri address, string model, LoadShape shape, long requests, int warmUp = 64)
    {
        // Warm-up, and the collection before it, are not what is measured.
        TimeSpan client = Process.GetCurrentProcess().TotalProcessorTime;
        TimeSpan other = server.ProcessorTime;
        long start = Stopwatch.GetTimestamp();
        ThroughputMeasurement m = await RunOneAsync(address, model, shape, requests, null, warmUp: warmUp);
        TimeSpan wall = Stopwatch.GetElapsedTime(start);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {name}: {m.AchievedRate:0} requests/s sent of {m.Requests}, {m.OutputTokensPerSecond:0} fragments/s, {m.Failed} failed, {m.AchievedRate * m.E2eSeconds.Mean:0} open, lag P50 {m.ClientLagSeconds.P50 * 1000:0.00} ms, P99 {m.ClientLagSeconds.P99 * 1000:0.00} ms, max {m.ClientLagSeconds.Maximum * 1000:0.0} ms, TTFT P50 {m.TtftSeconds.P50 * 1000:0.00} ms, P99 {m.TtftSeconds.P99 * 1000:0.00} ms{(m.ClientLimited ? $", client limited: {m.ClientLimit}" : "")}; cores used: client {(Process.GetCurrentProcess().TotalProcessorTime - client) / wall:0.00}, server {(server.ProcessorTime - other) / wall:0.00}"));
        return m;
    }

    private static double Difference(double? client, double[] server, double probability) =>
        1000 * (client!.Value - Measurement.Statistics.SampleSet.Quantile(server, probability));
}
