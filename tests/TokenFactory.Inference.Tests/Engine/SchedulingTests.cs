using System.Collections.Concurrent;
using TokenFactory.Core;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Onnx;
using Xunit;

namespace TokenFactory.Inference.Tests.Engine;

public sealed class SchedulingTests(EngineModels models) : IClassFixture<EngineModels>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("selected")]
    [InlineData("mask")]
    public async Task SteadyDecode_AllocatesNoManagedMemory(string form)
    {
        using InferenceEngine engine = models.Load(form, ModelPrecision.Fp32);
        async Task Round()
        {
            Task<GenerationResult>[] tasks = [.. Enumerable.Range(0, 4).Select(i => engine.Submit(EngineModels.Request(EngineModels.Prompt(20 + i, i), 90, s => s with { Temperature = i % 2, TopP = 0.9f, TopK = 50 }), Token).Completion)];
            await Task.WhenAll(tasks);
        }

        // The first round makes bindings and lets the JIT finish with the loop.
        await Round();
        await Task.Delay(200, Token);
        await Round();
        EngineStatistics before = await Settled(engine);
        await Round();
        EngineStatistics after = await Settled(engine);
        long steps = after.SteadySteps - before.SteadySteps;
        Assert.InRange(steps, 40, 400);
        Assert.Equal(0, after.SteadyAllocatedBytes - before.SteadyAllocatedBytes);
    }

    [Fact]
    public async Task SharedBeginning_IsComputedOnce()
    {
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Fp32);
        int[] shared = EngineModels.Prompt(200, 1);
        Task<GenerationResult>[] tasks = [.. Enumerable.Range(0, 6).Select(i => engine.Submit(EngineModels.Request([.. shared, .. EngineModels.Prompt(10, 50 + i)], 8), Token).Completion)];
        GenerationResult[] results = await Task.WhenAll(tasks);
        Assert.Equal(5, results.Count(r => r.CachedTokens is >= 200 and <= 201));
        EngineStatistics statistics = await Settled(engine);
        Assert.InRange(statistics.PrefillTokens, 200, 200 + (6 * 12));
    }

    [Fact]
    public async Task HigherPriority_OvertakesWaitingOnes()
    {
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Fp32, new EngineOptions { Threads = 1, MaxBatch = 1, AgeingInterval = TimeSpan.Zero });
        var ended = new ConcurrentDictionary<int, long>();
        var started = new TaskCompletionSource();
        async Task Track(int name, int priority, int most)
        {
            IGeneration generation = engine.Submit(EngineModels.Request(EngineModels.Prompt(10, name), most) with { Priority = priority }, Token);
            await foreach (GenerationFragment _ in generation)
            {
                started.TrySetResult();
            }

            // When the engine ended it: a reader may come late on a busy machine.
            ended[name] = ((Generation)generation).EndedAt;
        }

        Task running = Track(0, 0, 300);
        await started.Task;
        Task[] waiting = [Track(1, 0, 50), Track(2, 0, 50), Track(3, 5, 50)];
        await Task.WhenAll([running, .. waiting]);
        Assert.Equal([0, 3, 1, 2], ended.OrderBy(e => e.Value).Select(e => e.Key));
    }

    [Fact]
    public async Task LongWaiting_RaisesPriority_SoNoneStarves()
    {
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Fp32, new EngineOptions { Threads = 1, MaxBatch = 1, AgeingInterval = TimeSpan.FromMilliseconds(1) });
        IGeneration running = engine.Submit(EngineModels.Request(EngineModels.Prompt(10, 1), 480), Token);
        Task<GenerationResult> old = engine.Submit(EngineModels.Request(EngineModels.Prompt(10, 2), 2), Token).Completion;
        await Task.Delay(30, Token);
        Task<GenerationResult> premium = engine.Submit(EngineModels.Request(EngineModels.Prompt(10, 3), 300) with { Priority = 10 }, Token).Completion;
        Assert.Same(old, await Task.WhenAny(old, premium));
        await running.Completion;
    }

    [Fact]
    public async Task Memory_HoldsBackWhatDoesNotFit_AndAllFinish()
    {
        long tokenBytes = models.Get("selected", ModelPrecision.Fp32).Graph.KvBytesPerToken;
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Fp32, new EngineOptions { Threads = 1, KvMemoryBytes = tokenBytes * 130 });
        Assert.Equal(130, engine.ContextTokens);
        GenerationResult[] results = await Task.WhenAll(Enumerable.Range(0, 9).Select(i => engine.Submit(EngineModels.Request(EngineModels.Prompt(30, i), 30), Token).Completion));
        Assert.All(results, r => Assert.Equal(30, r.OutputTokens));
        TokenFactoryException tooLong = Assert.Throws<TokenFactoryException>(() => engine.Submit(EngineModels.Request(EngineModels.Prompt(130, 1), 1), Token));
        Assert.Equal("PromptTooLong", tooLong.ErrorId);
    }

    [Fact]
    public async Task ContextEnd_EndsWithLength()
    {
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Fp32, new EngineOptions { Threads = 1, ContextTokens = 64 });
        GenerationResult result = await engine.Submit(EngineModels.Request(EngineModels.Prompt(60, 1), 100), Token).Completion;
        Assert.Equal(FinishReason.Length, result.FinishReason);
        Assert.Equal(4, result.OutputTokens);
    }

    [Theory]
    [InlineData("selected")]
    [InlineData("growing")]
    public async Task Cancel_EndsOneRequestAndLeavesTheOthers(string form)
    {
        using InferenceEngine engine = models.Load(form, ModelPrecision.Fp32);
        GenerationRequest request = EngineModels.Request(EngineModels.Prompt(20, 1), 60);
        GenerationResult expected = await engine.Submit(request, Token).Completion;
        using var cancel = new CancellationTokenSource();
        IGeneration other = engine.Submit(EngineModels.Request(EngineModels.Prompt(25, 2), 400), cancel.Token);
        Task<GenerationResult> kept = engine.Submit(request, Token).Completion;
        int seen = 0;
        await foreach (GenerationFragment _ in other)
        {
            if (++seen == 5)
            {
                cancel.Cancel();
            }
        }

        Assert.Equal(FinishReason.Cancelled, (await other.Completion).FinishReason);
        Assert.Equal(expected.TokenIds, (await kept).TokenIds);
    }

    [Fact]
    public async Task CancelledPrefill_LeavesTheEngineWhole()
    {
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Fp32);
        GenerationRequest request = EngineModels.Request(EngineModels.Prompt(400, 1), 10);
        GenerationResult expected = await engine.Submit(request, Token).Completion;
        for (int i = 0; i < 20; i++)
        {
            using var cancel = new CancellationTokenSource();
            IGeneration cancelled = engine.Submit(EngineModels.Request(EngineModels.Prompt(450, 10 + i), 10), cancel.Token);
            Thread.SpinWait(i * 20000);
            cancel.Cancel();
            Assert.True((await cancelled.Completion).FinishReason is FinishReason.Cancelled or FinishReason.Length);
        }

        Assert.Equal(expected.TokenIds, (await engine.Submit(request, Token).Completion).TokenIds);
    }

    [Fact]
    public async Task Dispose_EndsRunningRequests()
    {
        InferenceEngine engine = models.Load("selected", ModelPrecision.Fp32);
        Task<GenerationResult>[] tasks = [.. Enumerable.Range(0, 20).Select(i => engine.Submit(EngineModels.Request(EngineModels.Prompt(20, i), 450), Token).Completion)];
        engine.Dispose();
        GenerationResult[] results = await Task.WhenAll(tasks);
        Assert.Contains(results, r => r.FinishReason == FinishReason.Cancelled);
        Assert.Throws<ObjectDisposedException>(() => engine.Submit(EngineModels.Request(EngineModels.Prompt(2, 1), 1), Token));
    }

    [Fact]
    public void CancelledLoad_ReturnsAtOnceWithoutAnEngine()
    {
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => InferenceEngine.Load(models.Get("selected", ModelPrecision.Fp32), null, null, null, cancel.Token));
    }

    private static async Task<EngineStatistics> Settled(InferenceEngine engine)
    {
        while (engine.Statistics is { Running: > 0 })
        {
            await Task.Delay(5, Token);
        }

        await Task.Delay(50, Token);
        return engine.Statistics;
    }
}
