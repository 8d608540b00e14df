using System.Diagnostics;
using System.Globalization;
using TokenFactory.Inference.Engine;

namespace TokenFactory.Benchmarks.Engine;

/// <summary>The engine against its peers in one process that alternates them: the median of paired ratios, with the least and the most.</summary>
internal static class RatioBenchmark
{
    private const int MostAtOnce = 16;

    public static void Run(TextWriter output, bool small = false)
    {
        Measure(output, BenchmarkModel.Small(), rounds: 7, arriving: 3);
        if (!small)
        {
            Measure(output, BenchmarkModel.Large(), rounds: 3, arriving: 1);
        }
    }

    private static void Measure(TextWriter output, BenchmarkModel model, int rounds, int arriving)
    {
        // The first session of a process is up to a tenth slower than the next ones, whoever's it is: it is nobody's here.
        new EngineContender("first", model.Fast).Dispose();
        using var engine = new EngineContender("engine", model.Fast);
        using var published = new EngineContender("engine-on-genai-folder", model.GenAI);
        using var bare = new BareContender(engine);
        using var loop = new BareContender(engine.Engine.Session, engine.Engine.ContextTokens);
        using var genai = new GenAIContender(model.GenAI);
        using var llama = new LlamaContender(model.Gguf);
        IContender[] all = [engine, bare, loop, genai, llama, published];
        (string Name, Func<IContender, double> Speed)[] metrics = [("decode", c => c.Decode(64)), ("prefill512", c => c.Prefill()), ("batch8", c => c.Batch(32))];
        foreach ((string metric, Func<IContender, double> speed) in metrics)
        {
            double[][] speeds = [.. all.Select(_ => new double[rounds])];
            Array.ForEach(all, c => speed(c));
            for (int round = 0; round < rounds; round++)
            {
                for (int i = 0; i < all.Length; i++)
                {
                    // The order turns, so that nobody always follows the same neighbour.
                    int who = (i + round) % all.Length;
                    speeds[who][round] = speed(all[who]);
                }
            }

            for (int i = 0; i < all.Length; i++)
            {
                Line(output, $"{all[i].Name} {metric}{model.Suffix}", speeds[i], "tok/s");
            }

            for (int i = 1; i < all.Length - 1; i++)
            {
                Line(output, $"engine/{all[i].Name} {metric}{model.Suffix}", [.. speeds[0].Zip(speeds[i], (a, b) => a / b)], null);
            }

            Line(output, $"engine-on-genai-folder/genai {metric}{model.Suffix}", [.. speeds[5].Zip(speeds[3], (a, b) => a / b)], null);
        }

        double[] arrivals = new double[arriving];
        for (int round = 0; round < arriving; round++)
        {
            arrivals[round] = Theirs(genai, round) / Ours(engine, round);
        }

        Line(output, $"engine/genai arriving32{model.Suffix}", arrivals, null);
    }

    /// <summary>32 requests: prompts of 16 to 256, answers of 8 to 128, on average one each 60 ms.</summary>
    private static (double At, int[] Prompt, int Most)[] Arrivals(int seed)
    {
        var random = new Random(seed + 40);
        double at = 0;
        return [.. Enumerable.Range(0, 32).Select(i =>
        {
            at += -Math.Log(1 - random.NextDouble()) * 0.06;
            return (at, EngineContender.Prompt(random.Next(16, 257), (seed * 100) + i), random.Next(8, 129));
        })];
    }

    private static double Ours(EngineContender engine, int seed)
    {
        long start = Stopwatch.GetTimestamp();
        List<Task> running = [];
        foreach ((double at, int[] prompt, int most) in Arrivals(seed))
        {
            WaitUntil(start, at);
            running.Add(engine.Engine.Submit(new GenerationRequest { InputTokens = prompt, Sampling = new SamplingOptions { MaxTokens = most, IgnoreEndTokens = true } }).Completion);
        }

        Task.WaitAll([.. running]);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    // A batch starts and ends together: it takes what has arrived, and the rest waits.
    private static double Theirs(GenAIContender genai, int seed)
    {
        (double At, int[] Prompt, int Most)[] arrivals = Arrivals(seed);
        long start = Stopwatch.GetTimestamp();
        for (int next = 0; next < arrivals.Length;)
        {
            WaitUntil(start, arrivals[next].At);
            double now = Stopwatch.GetElapsedTime(start).TotalSeconds;
            (double At, int[] Prompt, int Most)[] batch = [.. arrivals.Skip(next).TakeWhile((a, i) => i == 0 || a.At <= now).Take(MostAtOnce)];
            genai.Serve([.. batch.Select(a => a.Prompt)], batch.Max(a => a.Most));
            next += batch.Length;
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static void WaitUntil(long start, double seconds)
    {
        double left = seconds - Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (left > 0)
        {
            Thread.Sleep(TimeSpan.FromSeconds(left));
        }
    }

    public static void Line(TextWriter output, string name, double[] values, string? unit)
    {
        double[] sorted = [.. values.Order()];
        double median = sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
        output.WriteLine(unit is null
            ? string.Create(CultureInfo.InvariantCulture, $"ratio {name} {median:0.000} ({sorted[0]:0.000} … {sorted[^1]:0.000})")
            : string.Create(CultureInfo.InvariantCulture, $"speed {name} {median:0.0} {unit} ({sorted[0]:0.0} … {sorted[^1]:0.0})"));
        output.Flush();
    }
}
