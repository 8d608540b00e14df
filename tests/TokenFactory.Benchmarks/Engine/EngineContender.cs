using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Models;

namespace TokenFactory.Benchmarks.Engine;

/// <summary>The engine as a caller sees it: requests in, results out, with its own timings.</summary>
internal sealed class EngineContender : IContender
{
    private int _seed;

    public EngineContender(string name, string folder, EngineOptions? options = null)
    {
        Name = name;
        Engine = InferenceEngine.Load(ModelFolder.Open(folder), null, options ?? new EngineOptions { PrefixReuse = false });
    }

    public string Name { get; }

    public InferenceEngine Engine { get; }

    public static int[] Prompt(int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(300, 49000))];
    }

    public IGeneration Start(int length, int most, CancellationToken token = default) => Engine.Submit(
        new GenerationRequest { InputTokens = Prompt(length, _seed++), Sampling = new SamplingOptions { MaxTokens = most, IgnoreEndTokens = true } }, token);

    public double Decode(int tokens) => 1 / Start(32, tokens + 1).Completion.Result.TpotSeconds!.Value;

    public double Prefill() => 512 / Start(512, 1).Completion.Result.TtftSeconds!.Value;

    public double Batch(int tokens)
    {
        // Only the time in which all eight decode counts.
        const int Streams = 8;
        IGeneration[] streams = [.. Enumerable.Range(0, Streams).Select(_ => Start(32, tokens + 24))];
        Task.WaitAll([.. streams.Select(s => s.Completion)]);
        long[][] times = [.. streams.Cast<Generation>().Select(g => Enumerable.Range(0, g.Count).Select(i => g[i].Timestamp).ToArray())];
        long from = times.Max(t => t[0]);
        long to = times.Min(t => t[^1]);
        // Each stream by its own tokens: rows of one step get their times one after another.
        return times.Sum(t =>
        {
            long[] inside = [.. t.Where(x => x >= from && x <= to)];
            return (inside.Length - 1) / ((double)(inside[^1] - inside[0]) / System.Diagnostics.Stopwatch.Frequency);
        });
    }

    public static async Task<long[]> Times(IGeneration generation)
    {
        List<long> times = [];
        await foreach (GenerationFragment fragment in generation)
        {
            times.Add(fragment.Timestamp);
        }

        return [.. times];
    }

    public void Dispose() => Engine.Dispose();
}
