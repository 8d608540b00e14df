using TokenFactory.Core;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;
using TokenFactory.Inference.Providers;
using Xunit;

namespace TokenFactory.Inference.Tests.Engine;

/// <summary>A device fails midway: those it hits get a typed error, the others and those who come later their answers.</summary>
public sealed class DeviceFailureTests(EngineModels models) : IClassFixture<EngineModels>
{
    private const string Full = "CUDA failure 2: out of memory ; GPU=0 ; hostname=x";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AFullDevice_FailsTheStep_AndTheEngineGoesOn(bool handles)
    {
        await using var engine = new Faulty(models.Get("selected", ModelPrecision.Fp32), handles);
        GenerationRequest request = EngineModels.Request(EngineModels.Prompt(50, 1), 20);
        GenerationResult expected = await engine.Submit(request).Completion;
        foreach (Action fault in new Action[] { () => engine.Runner.DecodeFault = Full, () => engine.Runner.PrefillFault = Full, () => engine.Runner.ChooseFault = Full })
        {
            fault();
            ProviderException failure = await Assert.ThrowsAsync<ProviderException>(() => engine.Submit(EngineModels.Request(EngineModels.Prompt(40, 2), 10)).Completion);
            Assert.Equal("DeviceOutOfMemory", failure.ErrorId);
            Assert.Equal(FailureKind.ResourceUnavailable, failure.Kind);
            Assert.Equal(expected.TokenIds, (await engine.Submit(request).Completion).TokenIds);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ACopyThatFails_IsComputedAgain(bool handles)
    {
        await using var engine = new Faulty(models.Get("selected", ModelPrecision.Fp32), handles);
        int[] shared = EngineModels.Prompt(60, 3);
        GenerationRequest request = EngineModels.Request([.. shared, 5, 6, 7], 20);
        GenerationResult expected = await engine.Submit(request).Completion;
        Generation running = engine.Submit(EngineModels.Request([.. shared, 9, 9], 300));
        await foreach (GenerationFragment _ in running)
        {
            break;
        }

        engine.Runner.CopyFault = Full;
        Generation again = engine.Submit(EngineModels.Request([.. shared, 8, 8, 8], 20));
        await again.Completion;
        Assert.Null(engine.Runner.CopyFault);
        Assert.Equal(0, again.CachedTokens);
        Assert.Equal(expected.TokenIds, (await engine.Submit(request).Completion).TokenIds);
        running.End(FinishReason.Cancelled);
        await running.Completion;
    }

    [Fact]
    public async Task ALostDevice_SaysClearTheModel()
    {
        await using var engine = new Faulty(models.Get("selected", ModelPrecision.Fp32), handles: true);
        engine.Runner.DecodeFault = "Non-zero status code returned while running GroupQueryAttention node. WebGPU device lost (1): reset";
        ProviderException failure = await Assert.ThrowsAsync<ProviderException>(() => engine.Submit(EngineModels.Request(EngineModels.Prompt(40, 2), 10)).Completion);
        Assert.Equal("DeviceLost", failure.ErrorId);
        Assert.Contains("Clear-TokenFactoryModel", failure.Message, StringComparison.Ordinal);
    }

    private sealed class Faulty : IAsyncDisposable
    {
        private readonly DecoderSession _session;
        private readonly Scheduler _scheduler;

        public Faulty(ModelFolder folder, bool handles)
        {
            var options = new EngineOptions { Threads = 1, MaxBatch = 4, Provider = ExecutionProvider.Cpu, DevicePath = handles ? DeviceMode.Handles : DeviceMode.Pointers };
            EngineParts parts = EngineParts.Open(folder.Graph, options, folder.Info.WeightBytes, Token);
            _session = parts.Session;
            Runner = new FaultyRunner(parts.Runner);
            _scheduler = new Scheduler(Runner, options, [], parts.BudgetTokens);
        }

        public FaultyRunner Runner { get; }

        public Generation Submit(GenerationRequest request)
        {
            var generation = new Generation(request, request.Sampling.MaxTokens!.Value, _session.Graph.VocabularySize, null)
            {
                Finishing = _scheduler.Ended,
                Summarize = g => new GenerationResult { Text = "", TokenIds = [.. Enumerable.Range(0, g.Count).Select(i => g[i].Id)] },
            };
            _scheduler.Submit(generation);
            return generation;
        }

        public ValueTask DisposeAsync()
        {
            _scheduler.Dispose();
            Runner.Dispose();
            _session.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
