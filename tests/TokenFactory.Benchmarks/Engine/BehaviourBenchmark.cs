using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Models;

namespace TokenFactory.Benchmarks.Engine;

/// <summary>What the engine does beside its speed: pace under joins, cancellation, reuse, loading, memory.</summary>
internal static class BehaviourBenchmark
{
    public static void Run(TextWriter output)
    {
        BenchmarkModel model = BenchmarkModel.Small();
        void Say(FormattableString line)
        {
            output.WriteLine(line.ToString(CultureInfo.InvariantCulture));
            output.Flush();
        }

        long bytesBefore = Process.GetCurrentProcess().WorkingSet64;
        using var engine = new EngineContender("engine", model.Fast, new EngineOptions { PrefixReuse = true });
        Say($"load {engine.Engine.LoadSeconds:0.00} s, weights {engine.Engine.Model.WeightBytes / 1e6:0} MB, working set +{(Process.GetCurrentProcess().WorkingSet64 - bytesBefore) / 1e6:0} MB");
        engine.Decode(32);
        double decode = Enumerable.Range(0, 5).Select(_ => engine.Decode(64)).Order().ElementAt(2);
        double prefill = Enumerable.Range(0, 3).Select(_ => engine.Prefill()).Order().ElementAt(1);
        double bandwidth = Bandwidth();
        long read = WeightsRead(model);
        Say($"decode {decode:0} tok/s reads {read / 1e6:0} MB of weights a step: {decode * read / bandwidth:P0} of {bandwidth / 1e9:0.0} GB/s measured by reading memory on all cores");
        EngineStatistics statistics = engine.Engine.Statistics;
        Say($"bytes per steady step {(double)statistics.SteadyAllocatedBytes / Math.Max(1, statistics.SteadySteps):0.00} managed over {statistics.SteadySteps} steps");
        Reuse(engine, Say);
        foreach (int streams in new[] { 1, 4, 8 })
        {
            Joins(engine, streams, prefill, Say);
        }

        Cancels(engine, Say);
        Loads(model, Say);
        Say($"peak working set {Process.GetCurrentProcess().PeakWorkingSet64 / 1e6:0} MB");
    }

    /// <summary>Loads and unloads a tiny model many times.</summary>
    public static void ManyLoads(TextWriter output, int count)
    {
        ModelFolder folder = DefaultModel.Ensure();
        long at = 0;
        for (int i = 0; i <= count; i++)
        {
            using (InferenceEngine engine = InferenceEngine.Load(folder, null, new EngineOptions { MaxBatch = 4 }))
            {
                engine.Submit(new GenerationRequest { InputTokens = new[] { 300, 301, 302 }, Sampling = new SamplingOptions { MaxTokens = 2, IgnoreEndTokens = true } }).Completion.Wait();
            }

            if (i % (count / 10) == 0)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                using var process = Process.GetCurrentProcess();
                at = process.WorkingSet64;
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"loads {i}: working set {at / 1e6:0.0} MB, threads {process.Threads.Count}"));
            }
        }
    }

    private static void Reuse(EngineContender engine, Action<FormattableString> say)
    {
        int[] shared = EngineContender.Prompt(512, 77);
        double Ttft(int seed) => engine.Engine.Submit(new GenerationRequest
        {
            InputTokens = new ReadOnlyMemory<int>([.. shared, .. EngineContender.Prompt(16, seed)]),
            Sampling = new SamplingOptions { MaxTokens = 1, IgnoreEndTokens = true },
        }).Completion.Result.TtftSeconds!.Value;
        double first = Ttft(1);
        double second = Enumerable.Range(2, 5).Select(Ttft).Order().ElementAt(2);
        say($"reuse of a 512-token beginning: first token after {first * 1e3:0} ms, then {second * 1e3:0} ms: {first / second:0.0} times");
    }

    /// <summary>A 512-token prompt joins running streams, several times over, against the same streams without it at the same lengths: attention makes longer ones slower.</summary>
    private static void Joins(EngineContender engine, int streams, double prefillAlone, Action<FormattableString> say)
    {
        const int Times = 3;
        List<double> usual = [];
        List<double> during = [];
        List<double> kept = [];
        for (int i = 0; i < Times; i++)
        {
            Task<long[]>[] running = Streams(engine, streams);
            Thread.Sleep((streams * 150) + 500);
            long joined = Stopwatch.GetTimestamp();
            GenerationResult newcomer = engine.Start(512, 1).Completion.Result;
            long ended = joined + (long)(newcomer.TtftSeconds!.Value * Stopwatch.Frequency);
            long[][] times = [.. running.Select(r => r.Result)];
            int from = times.Min(t => t.Count(x => x < joined)), to = times.Max(t => t.Count(x => x <= ended));
            long[][] alone = [.. Streams(engine, streams).Select(r => r.Result)];
            usual.AddRange(alone.SelectMany(t => Gaps(t[from..Math.Min(to, t.Length)])));
            during.AddRange(times.SelectMany(t => Gaps([.. t.Where(x => x >= joined && x <= ended)])));
            kept.Add(512 / newcomer.TtftSeconds.Value);
        }

        usual.Sort();
        during.Sort();
        kept.Sort();
        double p95 = Percentile(usual, 0.95);
        say($"joins with {streams} streams: usual gap p95 {p95 * 1e3:0.0} ms (median {Percentile(usual, 0.5) * 1e3:0.0}), while a 512-token prompt joins p95 {Percentile(during, 0.95) * 1e3:0.0} ms = {Percentile(during, 0.95) / p95:0.00} times (median {Percentile(during, 0.5) * 1e3:0.0}); prefill {kept[Times / 2]:0} tok/s = {kept[Times / 2] / prefillAlone:P0} of {prefillAlone:0} alone");
    }

    private static Task<long[]>[] Streams(EngineContender engine, int streams) =>
        [.. Enumerable.Range(0, streams).Select(_ => EngineContender.Times(engine.Start(32, 400)))];

    private static IEnumerable<double> Gaps(long[] times) => times.Zip(times.Skip(1)).Select(p => (double)(p.Second - p.First) / Stopwatch.Frequency);

    private static double Percentile(IReadOnlyList<double> sorted, double share) => sorted.Count == 0 ? double.NaN : sorted[(int)Math.Min(sorted.Count - 1, Math.Ceiling(sorted.Count * share) - 1)];

    private static void Cancels(EngineContender engine, Action<FormattableString> say)
    {
        var random = new Random(3);
        List<double> ended = [];
        List<double> free = [];
        for (int i = 0; i < 40; i++)
        {
            using var cancel = new CancellationTokenSource();
            IGeneration generation = engine.Start(1500, 64, cancel.Token);
            Thread.Sleep(random.Next(5, 900));
            long start = Stopwatch.GetTimestamp();
            cancel.Cancel();
            generation.Completion.Wait();
            ended.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            engine.Start(2, 1).Completion.Wait();
            free.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        double[] sorted = [.. ended.Order()];
        double[] sortedFree = [.. free.Order()];
        say($"cancel in a 1,500-token prefill: p95 {Percentile(sorted, 0.95) * 1e3:0.0} ms to the result, p95 {Percentile(sortedFree, 0.95) * 1e3:0.0} ms to the first token of the next request");
    }

    private static void Loads(BenchmarkModel model, Action<FormattableString> say)
    {
        var random = new Random(4);
        List<double> times = [];
        for (int i = 0; i < 12; i++)
        {
            using var cancel = new CancellationTokenSource();
            long cancelled = 0;
            using var timer = new Timer(_ =>
            {
                cancelled = Stopwatch.GetTimestamp();
                cancel.Cancel();
            }, null, random.Next(1, 150), Timeout.Infinite);
            try
            {
                using InferenceEngine engine = InferenceEngine.Load(ModelFolder.Open(model.Fast), null, null, null, cancel.Token);
            }
            catch (OperationCanceledException)
            {
                times.Add(Stopwatch.GetElapsedTime(cancelled).TotalSeconds);
            }
        }

        say($"cancel during load: p95 {Percentile([.. times.Order()], 0.95) * 1e3:0.0} ms over {times.Count} loads that were cancelled midway");
    }

    private static long WeightsRead(BenchmarkModel model)
    {
        long hidden = model.Shape.Hidden;
        long keys = (long)model.Shape.KvHeads * model.Shape.HeadSize;
        long layer = (hidden * (hidden + (2 * keys))) + (hidden * hidden) + (3 * hidden * model.Shape.Intermediate);
        // A block of 32 weights is 16 bytes and a 4-byte scale.
        return ((model.Shape.Layers * layer) + (hidden * model.Shape.Vocabulary)) / 32 * 20;
    }

    private static double Bandwidth()
    {
        long[] data = new long[64 << 20];
        Array.Fill(data, 1);
        double best = 0;
        for (int round = 0; round < 4; round++)
        {
            long start = Stopwatch.GetTimestamp();
            int cores = Environment.ProcessorCount;
            Parallel.For(0, cores, core =>
            {
                Span<Vector<long>> part = MemoryMarshal.Cast<long, Vector<long>>(data.AsSpan(data.Length / cores * core, data.Length / cores));
                Vector<long> a = default, b = default, c = default, d = default;
                for (int i = 0; i + 3 < part.Length; i += 4)
                {
                    a += part[i];
                    b += part[i + 1];
                    c += part[i + 2];
                    d += part[i + 3];
                }

                GC.KeepAlive(a + b + c + d);
            });
            best = Math.Max(best, data.Length * 8L / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }
}
