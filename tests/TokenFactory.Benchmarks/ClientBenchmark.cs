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

    private static async Task WithServerAsync(TextWriter output, Func<TextWriter, Uri, Task> measure)
    {
        using Process server = StartServer(out Uri address);
        try
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"client beside a Kestrel server in another process, {Environment.ProcessorCount} cores shared"));
            await measure(output, address);
        }
        finally
        {
            server.StandardInput.Close();
            server.WaitForExit(5000);
        }
    }

    private static async Task SpeedAsync(TextWriter output, Uri address)
    {
        await RunOneAsync(address, "fast", new ConcurrencyLoad(64), 20_000, null);
        ThroughputMeasurement top = await RunOneAsync(address, "fast", new ConcurrencyLoad(64), 40_000, null);
        Print(output, $"closed loop, 64 in flight, {Fragments} fragments", top);
        ThroughputMeasurement half = await RunOneAsync(address, "fast", new RateLoad(top.RequestsPerSecond!.Value / 2, ArrivalProcess.Poisson), 20_000, null);
        Print(output, "open loop at half of that", half);
        Print(output, "open loop, 1500 requests/s", await RunOneAsync(address, "fast", new RateLoad(1500, ArrivalProcess.Poisson), 15_000, null));

        // Here every fragment is a packet of its own, and requests / s times the life of a stream are open at once.
        Print(output, "open loop, 3000 requests/s, 104 ms between fragments, 5000 streams open", await RunOneAsync(address, "timed-100-104", new RateLoad(3000), 60_000, null, warmUp: 6000));
        Print(output, "open loop, 1500 requests/s, 104 ms between fragments, 2500 streams open", await RunOneAsync(address, "timed-100-104", new RateLoad(1500), 30_000, null, warmUp: 3000));
        await CrossCheckAsync(output, address);
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

    private static async Task MemoryAsync(TextWriter output, Uri address)
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
                last = await RunOneAsync(address, "fast", new ConcurrencyLoad(64), requests, records, 2);
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

    private static void Print(TextWriter output, string name, ThroughputMeasurement m) => output.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"  {name}: {m.AchievedRate:0} requests/s sent of {m.Requests}, {m.OutputTokensPerSecond:0} fragments/s, {m.Failed} failed, lag P50 {m.ClientLagSeconds.P50 * 1000:0.00} ms, P99 {m.ClientLagSeconds.P99 * 1000:0.00} ms, TTFT P50 {m.TtftSeconds.P50 * 1000:0.00} ms{(m.ClientLimited ? ", client limited" : "")}"));

    private static double Difference(double? client, double[] server, double probability) =>
        1000 * (client!.Value - Measurement.Statistics.SampleSet.Quantile(server, probability));

    private static Process StartServer(out Uri address)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(ClientBenchmark).Assembly.Location);
        }

        start.ArgumentList.Add("stream-server");
        Process process = Process.Start(start) ?? throw new InvalidOperationException("The server did not start.");
        address = new Uri(process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The server did not say its address."));
        return process;
    }
}
