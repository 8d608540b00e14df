using TokenFactory.Inference.Engine;
using Xunit;

namespace TokenFactory.Inference.Tests.Engine;

/// <summary>Requests of every kind of sampling that share beginnings, join late and leave early, and what a host-memory engine answers to each alone.</summary>
internal static class DeviceTraffic
{
    private static readonly Func<SamplingOptions, SamplingOptions>[] s_kinds =
    [
        s => s,
        s => s with { Temperature = 0.8f, TopK = 40, Seed = 1 },
        s => s with { Temperature = 1.1f, TopP = 0.9f, Seed = 2 },
        s => s with { RepetitionPenalty = 1.3f, FrequencyPenalty = 0.4f },
        s => s with { Temperature = 0.7f, TopK = 60, TopP = 0.8f, MinP = 0.01f, Seed = 3 },
        s => s with { LogProbabilities = 3 },
        s => s with { Temperature = 1, Seed = 4, LogitBias = new Dictionary<int, float> { [7] = 2, [300] = -5 } },
        s => s with { Temperature = 1.5f, TopK = 300, Seed = 5 },
        s => s with { Temperature = 0.9f, TopK = 1, Seed = 6 },
        s => s with { Temperature = 0.6f, TopK = 20, Seed = 7, PresencePenalty = 0.5f },
    ];

    /// <summary>Requests: the same ones for the same seed. Four in ten begin alike.</summary>
    public static IReadOnlyList<GenerationRequest> Requests(int count, int seed, int longestPrompt = 120, int most = 40)
    {
        var random = new Random(seed);
        int[] shared = EngineModels.Prompt(longestPrompt / 2, 1000 + seed);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            int[] own = EngineModels.Prompt(random.Next(2, longestPrompt / 2), (seed * 100) + i);
            int[] prompt = i % 5 < 2 ? [.. shared, .. own] : own;
            return EngineModels.Request(prompt, random.Next(1, most), s_kinds[i % s_kinds.Length]);
        })];
    }

    /// <summary>Sends the requests in waves; a few more are cancelled midway.</summary>
    public static async Task<IReadOnlyList<GenerationResult>> RunAsync(InferenceEngine engine, IReadOnlyList<GenerationRequest> requests, CancellationToken token)
    {
        var tasks = new List<Task<GenerationResult>>();
        for (int i = 0; i < requests.Count; i++)
        {
            tasks.Add(engine.Submit(requests[i], token).Completion);
            if (i % 4 == 3)
            {
                using var cancel = new CancellationTokenSource();
                IGeneration leaving = engine.Submit(EngineModels.Request(EngineModels.Prompt(60 + i, i), 300), cancel.Token);
                await tasks[i / 2];
                cancel.Cancel();
                await leaving.Completion;
            }
        }

        return await Task.WhenAll(tasks);
    }

    public static void AssertSame(IReadOnlyList<GenerationResult> expected, IReadOnlyList<GenerationResult> actual)
    {
        for (int i = 0; i < expected.Count; i++)
        {
            Assert.True(expected[i].TokenIds.SequenceEqual(actual[i].TokenIds), $"Request {i} ({actual[i].CachedTokens} cached) differs: "
                + $"{string.Join(' ', expected[i].TokenIds)} | {string.Join(' ', actual[i].TokenIds)}");
            Assert.Equal(expected[i].LogProbabilities?.Select(l => l.LogProbability), actual[i].LogProbabilities?.Select(l => l.LogProbability));
        }
    }
}
