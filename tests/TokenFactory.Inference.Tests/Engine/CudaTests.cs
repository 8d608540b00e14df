using System.Globalization;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Onnx;
using TokenFactory.Inference.Providers;
using Xunit;

namespace TokenFactory.Inference.Tests.Engine;

/// <summary>The engine on CUDA, where a GPU and a build of ONNX Runtime with CUDA are at hand. Its attention takes half precision only.</summary>
public sealed class CudaTests(EngineModels models, ITestOutputHelper output) : IClassFixture<EngineModels>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("selected")]
    [InlineData("mask")]
    public async Task Answers_AreNearTheProcessors_AndBeginningsAreReused(string form)
    {
        SkipWithoutDevice();
        var options = new EngineOptions { Threads = 1, MaxBatch = 8 };
        GenerationRequest[] requests = [.. DeviceTraffic.Requests(30, seed: 4).Select(r => r with { Sampling = new SamplingOptions { MaxTokens = 20, IgnoreEndTokens = true, LogProbabilities = 1 } })];
        using InferenceEngine host = models.Load(form, ModelPrecision.Fp16, options with { Provider = ExecutionProvider.Cpu, PrefixReuse = false });
        GenerationResult[] expected = await Task.WhenAll(requests.Select(r => host.Submit(r, Token).Completion));
        using InferenceEngine device = models.Load(form, ModelPrecision.Fp16, options with { Provider = ExecutionProvider.Cuda });
        output.WriteLine(device.ProviderExplanation);
        Assert.Contains("logits stay in its memory", device.ProviderExplanation, StringComparison.Ordinal);
        IReadOnlyList<GenerationResult> actual = await DeviceTraffic.RunAsync(device, requests, Token);
        for (int i = 0; i < expected.Length; i++)
        {
            // In half precision the likeliest of two near ones may change; its probability does not change much.
            Assert.InRange(actual[i].LogProbabilities![0].LogProbability - expected[i].LogProbabilities![0].LogProbability, -0.1, 0.1);
            Assert.Equal(20, actual[i].OutputTokens);
        }

        Assert.Contains(actual, r => r.CachedTokens >= 60);
    }

    [Fact]
    public async Task SteadySteps_CopyLittle()
    {
        SkipWithoutDevice();
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Fp16, new EngineOptions { Threads = 1, MaxBatch = 4, Provider = ExecutionProvider.Cuda });
        Task<GenerationResult[]> Round() => Task.WhenAll(Enumerable.Range(0, 3).Select(i => engine.Submit(EngineModels.Request(EngineModels.Prompt(20, i), 40), Token).Completion));
        await Round();
        await Task.Delay(100, Token);
        EngineStatistics before = engine.Statistics;
        await Round();
        await Task.Delay(100, Token);
        EngineStatistics after = engine.Statistics;
        double tokens = after.DecodeTokens - before.DecodeTokens;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{(after.BytesToDevice - before.BytesToDevice) / tokens:F0} B to and {(after.BytesFromDevice - before.BytesFromDevice) / tokens:F0} B from the device a token, {(after.SteadyAllocatedBytes - before.SteadyAllocatedBytes) / (double)(after.SteadySteps - before.SteadySteps):F0} managed B a steady step"));
        Assert.InRange((after.BytesFromDevice - before.BytesFromDevice) / tokens, 12, 24);
    }

    [Fact]
    public void FullPrecision_IsRefusedWithTheReason()
    {
        SkipWithoutDevice();
        ProviderException failure = Assert.Throws<ProviderException>(
            () => models.Load("selected", ModelPrecision.Fp32, new EngineOptions { Threads = 1, Provider = ExecutionProvider.Cuda }));
        Assert.Equal("ProviderNotSupported", failure.ErrorId);
    }

    private static void SkipWithoutDevice()
    {
        Assert.SkipWhen(DeviceLibrary.Reason is not null, DeviceLibrary.Reason ?? "");
        string? refusal = ProviderSelector.Refusal(ExecutionProvider.Cuda, 0);
        Assert.SkipWhen(refusal is not null, $"CUDA finds no device: {refusal}");
    }
}
