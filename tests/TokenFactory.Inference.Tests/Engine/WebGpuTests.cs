using System.Globalization;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Onnx;
using TokenFactory.Inference.Providers;
using Xunit;

namespace TokenFactory.Inference.Tests.Engine;

/// <summary>The engine on WebGPU, a software device at the least: the tokens of the processor.</summary>
public sealed class WebGpuTests(EngineModels models, ITestOutputHelper output) : IClassFixture<EngineModels>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("selected", ModelPrecision.Fp32)]
    [InlineData("mask", ModelPrecision.Fp32)]
    public async Task Answers_AreTheProcessors(string form, ModelPrecision precision)
    {
        SkipWithoutDevice();
        var options = new EngineOptions { Threads = 1, MaxBatch = 4 };
        IReadOnlyList<GenerationRequest> requests = DeviceTraffic.Requests(20, seed: 3, longestPrompt: 60, most: 24);
        using InferenceEngine host = models.Load(form, precision, options with { Provider = ExecutionProvider.Cpu, PrefixReuse = false });
        GenerationResult[] expected = await Task.WhenAll(requests.Select(r => host.Submit(r, Token).Completion));
        using InferenceEngine device = models.Load(form, precision, options with { Provider = ExecutionProvider.WebGpu });
        output.WriteLine(device.ProviderExplanation);
        IReadOnlyList<GenerationResult> actual = await DeviceTraffic.RunAsync(device, requests, Token);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(expected[i].TokenIds.SequenceEqual(actual[i].TokenIds), $"Request {i}: {string.Join(' ', expected[i].TokenIds)} | {string.Join(' ', actual[i].TokenIds)}");
            foreach ((TokenLogProbability e, TokenLogProbability a) in (expected[i].LogProbabilities ?? []).Zip(actual[i].LogProbabilities ?? []))
            {
                Assert.InRange(a.LogProbability - e.LogProbability, -1e-4, 1e-4);
            }
        }

        Assert.Contains(actual, r => r.CachedTokens >= 30);
        Report(device, actual.Sum(r => r.OutputTokens));
    }

    [Theory]
    [InlineData("selected", ModelPrecision.Int4)]
    [InlineData("mask", ModelPrecision.Int4)]
    [InlineData("selected", ModelPrecision.Fp16)]
    public async Task Answers_OfLowerPrecisionAreNear(string form, ModelPrecision precision)
    {
        SkipWithoutDevice();
        var options = new EngineOptions { Threads = 1, MaxBatch = 4 };
        GenerationRequest[] requests = [.. DeviceTraffic.Requests(8, seed: 5, longestPrompt: 60)
            .Select(r => r with { Sampling = new SamplingOptions { MaxTokens = 8, IgnoreEndTokens = true, LogProbabilities = 1 } })];
        using InferenceEngine host = models.Load(form, precision, options with { Provider = ExecutionProvider.Cpu, PrefixReuse = false });
        GenerationResult[] expected = await Task.WhenAll(requests.Select(r => host.Submit(r, Token).Completion));
        using InferenceEngine device = LoadOrSkip(form, precision, options with { Provider = ExecutionProvider.WebGpu });
        GenerationResult[] actual = await Task.WhenAll(requests.Select(r => device.Submit(r, Token).Completion));
        for (int i = 0; i < expected.Length; i++)
        {
            // The processor's int4 product rounds activations to 8 bits; the device's does not.
            Assert.InRange(actual[i].LogProbabilities![0].LogProbability - expected[i].LogProbabilities![0].LogProbability, -0.1, 0.1);
            Assert.Equal(8, actual[i].OutputTokens);
        }

        output.WriteLine($"{precision}: {expected.Zip(actual).Count(p => p.First.TokenIds.SequenceEqual(p.Second.TokenIds))} of {expected.Length} have the processor's very tokens");
        Report(device, actual.Sum(r => r.OutputTokens));
    }

    [Fact]
    public void Auto_TakesAGpuAndLeavesASoftwareDevice()
    {
        SkipWithoutDevice();
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Fp32, new EngineOptions { Threads = 1, MaxBatch = 4 });
        output.WriteLine(engine.ProviderExplanation);
        if (ProviderSelector.Objection(ExecutionProvider.WebGpu) is { } objection)
        {
            Assert.Equal(nameof(ExecutionProvider.Cpu), engine.Provider);
            Assert.Contains($"WebGpu: {objection}", engine.ProviderExplanation, StringComparison.Ordinal);
        }
        else
        {
            Assert.NotEqual(nameof(ExecutionProvider.Cpu), engine.Provider);
        }
    }

    [Fact]
    public async Task SteadySteps_CopyLittle()
    {
        SkipWithoutDevice();
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Fp32, new EngineOptions { Threads = 1, MaxBatch = 4, Provider = ExecutionProvider.WebGpu });
        Assert.Contains("logits stay in its memory", engine.ProviderExplanation, StringComparison.Ordinal);
        Task<GenerationResult[]> Round() => Task.WhenAll(Enumerable.Range(0, 3).Select(i => engine.Submit(EngineModels.Request(EngineModels.Prompt(20, i), 40), Token).Completion));
        await Round();
        EngineStatistics before = engine.Statistics;
        await Round();
        await Task.Delay(100, Token);
        EngineStatistics after = engine.Statistics;
        long tokens = after.DecodeTokens - before.DecodeTokens;
        Assert.InRange((after.BytesFromDevice - before.BytesFromDevice) / (double)tokens, 12, 24);
        Report(engine, after.DecodeTokens);
    }

    [Fact]
    public async Task Figures()
    {
        SkipWithoutDevice();
        foreach (ExecutionProvider provider in new[] { ExecutionProvider.Cpu, ExecutionProvider.WebGpu })
        {
            using InferenceEngine engine = models.Load("selected", ModelPrecision.Fp32, new EngineOptions { Threads = 1, MaxBatch = 4, Provider = provider });
            foreach (int streams in new[] { 1, 4 })
            {
                Task<GenerationResult[]> Round() => Task.WhenAll(Enumerable.Range(0, streams).Select(i => engine.Submit(EngineModels.Request(EngineModels.Prompt(20, i), 60), Token).Completion));
                await Round();
                await Task.Delay(100, Token);
                EngineStatistics before = engine.Statistics;
                GenerationResult[] results = await Round();
                await Task.Delay(100, Token);
                EngineStatistics after = engine.Statistics;
                Assert.All(results, r => Assert.Equal(60, r.OutputTokens));
                double steps = after.DecodeSteps - before.DecodeSteps;
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{provider} {streams} streams: {(after.DecodeSeconds - before.DecodeSeconds) / steps * 1000:F2} ms a step, {(after.BytesToDevice - before.BytesToDevice) / steps:F0} B to and {(after.BytesFromDevice - before.BytesFromDevice) / steps:F0} B from the device, {(after.SteadyAllocatedBytes - before.SteadyAllocatedBytes) / (double)(after.SteadySteps - before.SteadySteps):F0} managed B a steady step"));
            }
        }
    }

    // A device without half precision refuses such a model with the reason.
    private InferenceEngine LoadOrSkip(string form, ModelPrecision precision, EngineOptions options)
    {
        try
        {
            return models.Load(form, precision, options);
        }
        catch (ProviderException e) when (e.ErrorId == "ProviderNotSupported" && e.Message.Contains("f16", StringComparison.Ordinal))
        {
            Assert.Skip(e.Message);
            throw;
        }
    }

    private static void SkipWithoutDevice()
    {
        Assert.SkipWhen(DeviceLibrary.Reason is not null, DeviceLibrary.Reason ?? "");
        string? refusal = ProviderSelector.Refusal(ExecutionProvider.WebGpu, 0);
        Assert.SkipWhen(refusal is not null, $"WebGPU finds no device: {refusal}");
    }

    private void Report(InferenceEngine engine, long tokens)
    {
        EngineStatistics s = engine.Statistics;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{tokens} tokens, {s.DecodeSteps} steps of {s.DecodeSeconds / Math.Max(1, s.DecodeSteps) * 1000:F2} ms, {s.BytesToDevice} B to and {s.BytesFromDevice} B from the device"));
    }
}
