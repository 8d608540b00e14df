using TokenFactory.Core;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Onnx;
using TokenFactory.Inference.Providers;
using Xunit;

namespace TokenFactory.Inference.Tests.Engine;

/// <summary>The device's path, with the processor's memory in the device's place: the same tokens as the host's path gives.</summary>
public sealed class DevicePathTests(EngineModels models) : IClassFixture<EngineModels>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("selected", ModelPrecision.Fp32, false)]
    [InlineData("selected", ModelPrecision.Fp32, true)]
    [InlineData("mask", ModelPrecision.Fp32, false)]
    [InlineData("mask", ModelPrecision.Fp32, true)]
    [InlineData("selected", ModelPrecision.Fp16, false)]
    [InlineData("selected", ModelPrecision.Fp16, true)]
    [InlineData("selected", ModelPrecision.Int4, false)]
    [InlineData("selected", ModelPrecision.Int4, true)]
    public async Task Answers_AreTheHostsWhateverElseRuns(string form, ModelPrecision precision, bool handles)
    {
        var options = new EngineOptions { Threads = 1, MaxBatch = 6, Exact = precision == ModelPrecision.Int4, Provider = ExecutionProvider.Cpu };
        IReadOnlyList<GenerationRequest> requests = DeviceTraffic.Requests(30, seed: 1);
        IReadOnlyList<GenerationResult> expected;
        using (InferenceEngine host = models.Load(form, precision, options with { PrefixReuse = false }))
        {
            expected = await Task.WhenAll(requests.Select(r => host.Submit(r, Token).Completion));
        }

        using InferenceEngine device = models.Load(form, precision, options with { DevicePath = Mode(handles) });
        IReadOnlyList<GenerationResult> actual = await DeviceTraffic.RunAsync(device, requests, Token);
        DeviceTraffic.AssertSame(expected, actual);
        Assert.Contains(actual, r => r.CachedTokens >= 60);
        Assert.Contains("logits stay in its memory", device.ProviderExplanation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Greedy_BringsATokenAndItsLogit_AndASampledRowWhatItNeeds(bool handles)
    {
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Fp32, Device(Mode(handles)));
        async Task<long> Bytes(Func<SamplingOptions, SamplingOptions> change)
        {
            long before = (await Settled(engine)).BytesFromDevice;
            await engine.Submit(EngineModels.Request(EngineModels.Prompt(20, 1), 50, change), Token).Completion;
            return (await Settled(engine)).BytesFromDevice - before;
        }

        Assert.Equal(50 * 12, await Bytes(s => s));
        Assert.Equal(50 * 12 * DeviceGraphs.Candidates, await Bytes(s => s with { Temperature = 0.5f, TopK = 10 }));
        Assert.Equal(50 * 4 * 512, await Bytes(s => s with { Temperature = 0.5f }));
        Assert.Equal(50 * 4 * 512, await Bytes(s => s with { RepetitionPenalty = 1.1f }));
    }

    [Theory]
    [InlineData("selected", false)]
    [InlineData("selected", true)]
    [InlineData("mask", true)]
    public async Task SteadyDecode_AllocatesNoManagedMemory(string form, bool handles)
    {
        using InferenceEngine engine = models.Load(form, ModelPrecision.Fp32, Device(Mode(handles)));
        Task Round() => Task.WhenAll(Enumerable.Range(0, 4).Select(i =>
            engine.Submit(EngineModels.Request(EngineModels.Prompt(20 + i, i), 90, s => s with { Temperature = i % 3, TopP = 0.9f, TopK = i < 2 ? 50 : 0 }), Token).Completion));
        await Round();
        await Task.Delay(200, Token);
        await Round();
        EngineStatistics before = await Settled(engine);
        await Round();
        EngineStatistics after = await Settled(engine);
        Assert.InRange(after.SteadySteps - before.SteadySteps, 40, 400);
        Assert.Equal(0, after.SteadyAllocatedBytes - before.SteadyAllocatedBytes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rope_ThatSwitchesAtALength_GivesTheHostsTokens(bool handles)
    {
        DecoderFamily family = DecoderFamily.Phi3 with { RotaryFraction = 1, OriginalContext = 64 };
        var options = new EngineOptions { Threads = 1, MaxBatch = 4, Provider = ExecutionProvider.Cpu };
        using InferenceEngine host = models.Load("mask", ModelPrecision.Fp32, options, family);
        using InferenceEngine device = models.Load("mask", ModelPrecision.Fp32, options with { DevicePath = Mode(handles) }, family);
        Assert.Equal(handles ? 64 : 512, device.ContextTokens);
        GenerationRequest[] requests = [.. Enumerable.Range(0, 12).Select(i => EngineModels.Request(
            EngineModels.Prompt(handles ? 4 + (3 * i) : 30 + (8 * i), i), 26, s => i % 2 == 0 ? s : s with { Temperature = 0.8f, Seed = (ulong)i }))];
        GenerationResult[] expected = await Task.WhenAll(requests.Select(r => host.Submit(r, Token).Completion));
        DeviceTraffic.AssertSame(expected, await Task.WhenAll(requests.Select(r => device.Submit(r, Token).Completion)));
    }

    [Fact]
    public async Task Memory_IsTakenWholeAtLoad_AndSlotsFollowIt()
    {
        long tokenBytes = models.Get("selected", ModelPrecision.Fp32).Graph.KvBytesPerToken;
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Fp32, Device(DeviceMode.Handles) with { MaxBatch = 16, KvMemoryBytes = tokenBytes * 512 * 4 });
        Assert.Equal(512, engine.ContextTokens);
        Assert.Contains("3 sequences of up to 512 tokens", engine.ProviderExplanation, StringComparison.Ordinal);
        GenerationResult[] results = await Task.WhenAll(Enumerable.Range(0, 9).Select(i => engine.Submit(EngineModels.Request(EngineModels.Prompt(30, i), 30), Token).Completion));
        Assert.All(results, r => Assert.Equal(30, r.OutputTokens));
        Assert.InRange((await Settled(engine)).KvMemoryBytes, tokenBytes * 512 * 3, tokenBytes * 512 * 3);
        TokenFactoryException failure = Assert.Throws<TokenFactoryException>(
            () => models.Load("selected", ModelPrecision.Fp32, Device(DeviceMode.Handles) with { KvMemoryBytes = 10 }));
        Assert.Equal("OutOfMemory", failure.ErrorId);
    }

    [Fact]
    public async Task CancelledPrefill_LeavesTheEngineWhole()
    {
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Fp32, Device(DeviceMode.Handles));
        GenerationRequest request = EngineModels.Request(EngineModels.Prompt(300, 1), 10);
        GenerationResult expected = await engine.Submit(request, Token).Completion;
        for (int i = 0; i < 12; i++)
        {
            using var cancel = new CancellationTokenSource();
            IGeneration beside = engine.Submit(EngineModels.Request(EngineModels.Prompt(8, i), 12), Token);
            IGeneration cancelled = engine.Submit(EngineModels.Request([.. request.InputTokens[..200].Span, .. EngineModels.Prompt(200, 10 + i)], 10), cancel.Token);
            Thread.SpinWait(i * 30000);
            cancel.Cancel();
            await cancelled.Completion;
            Assert.Equal(expected.TokenIds, (await engine.Submit(request, Token).Completion).TokenIds);
            await beside.Completion;
        }
    }

    [Theory]
    [InlineData("CUDA failure 2: out of memory ; GPU=0", "DeviceOutOfMemory")]
    [InlineData("Failed to allocate memory for requested buffer of size 17179869184", "DeviceOutOfMemory")]
    [InlineData("Non-zero status code returned ... 887A0005 The GPU device instance has been suspended.", "DeviceLost")]
    [InlineData("WebGPU device lost (2): A valid external Instance reference no longer exists.", "DeviceLost")]
    [InlineData("CUDA failure 700: an illegal memory access was encountered", "DeviceLost")]
    [InlineData("Invalid rank for input: input_ids", null)]
    public void Failures_OfADeviceHaveATypeAndSayWhatToDo(string message, string? errorId)
    {
        ProviderException? failure = DeviceFailure.Of(ExecutionProvider.Cuda, new InvalidOperationException(message));
        Assert.Equal(errorId, failure?.ErrorId);
        if (errorId == "DeviceLost")
        {
            Assert.Contains("Clear-TokenFactoryModel", failure!.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Auto_SaysWhatItTookAndWhyNotTheOthers()
    {
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Fp32, new EngineOptions { Threads = 1 });
        foreach (ExecutionProvider better in ProviderSelector.Order.TakeWhile(p => p.ToString() != engine.Provider))
        {
            Assert.Contains($"{better}:", engine.ProviderExplanation, StringComparison.Ordinal);
        }

        Assert.StartsWith(engine.Provider, engine.ProviderExplanation, StringComparison.Ordinal);
    }

    [Fact]
    public void AProviderThatDoesNotOpen_IsOneClearError()
    {
        ExecutionProvider? missing = ProviderSelector.Order.Cast<ExecutionProvider?>().FirstOrDefault(p => ProviderSelector.Refusal(p!.Value, 0) is not null);
        Assert.SkipWhen(missing is null, "Every provider works here.");
        ProviderException failure = Assert.Throws<ProviderException>(
            () => models.Load("selected", ModelPrecision.Fp32, new EngineOptions { Threads = 1, Provider = missing.Value }));
        Assert.Equal("ProviderUnavailable", failure.ErrorId);
    }

    private static DeviceMode Mode(bool handles) => handles ? DeviceMode.Handles : DeviceMode.Pointers;

    private static EngineOptions Device(DeviceMode mode) => new() { Threads = 1, MaxBatch = 8, Provider = ExecutionProvider.Cpu, DevicePath = mode };

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
