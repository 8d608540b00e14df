using TokenFactory.Core;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;
using TokenFactory.Inference.Tests.Models;
using Xunit;

namespace TokenFactory.Inference.Tests.Engine;

/// <summary>A model all of whose layers have a window goes on past its context, and each answer stays that of the plain forward pass.</summary>
public sealed class SlidingTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("tokenfactory-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("genai")]
    [InlineData("genai-direct")]
    [InlineData("export")]
    [InlineData("export-merged")]
    public async Task Sequence_GoesOnPastTheContext_AsThePlainForwardPassDoes(string form)
    {
        (DecoderShape shape, ModelFolder folder) = Write("mistral", form);
        using InferenceEngine engine = InferenceEngine.Load(folder, null, new EngineOptions { Threads = 1, SmallestChunk = 4, LargestChunk = 16 }, null, Token);
        Assert.True(engine.SlidesPastContext, folder.Graph.SlidingObstacle);
        Assert.Equal(64, engine.ContextTokens);

        // One that passes the context twice while it decodes, one that ends within, and a prompt that is longer than the context.
        (int Length, int Most)[] requests = [(10, 140), (7, 20), (150, 40), (40, 90)];
        int[][] prompts = [.. requests.Select((r, i) => EngineModels.Prompt(r.Length, i).Select(t => t % 300).ToArray())];
        GenerationResult[] results = await Task.WhenAll(requests.Select((r, i) => engine.Submit(EngineModels.Request(prompts[i], r.Most, s => s with { LogProbabilities = 0 }), Token).Completion));
        for (int i = 0; i < results.Length; i++)
        {
            Assert.Equal(requests[i].Most, results[i].OutputTokens);
            AssertPlain(shape, folder, prompts[i], results[i]);
        }

        // What is left in a slot that dropped its beginning is no beginning.
        GenerationResult again = await engine.Submit(EngineModels.Request(prompts[2], 3, s => s with { LogProbabilities = 0 }), Token).Completion;
        Assert.Equal(0, again.CachedTokens);
        AssertPlain(shape, folder, prompts[2], again);
    }

    [Fact]
    public async Task Answer_without_a_limit_ends_at_the_context()
    {
        (_, ModelFolder folder) = Write("mistral", "genai");
        using InferenceEngine engine = InferenceEngine.Load(folder, null, new EngineOptions { Threads = 1 }, null, Token);
        GenerationResult result = await engine.Submit(new GenerationRequest
        {
            InputTokens = EngineModels.Prompt(20, 1).Select(t => t % 300).ToArray(),
            Sampling = new SamplingOptions { IgnoreEndTokens = true },
        }, Token).Completion;
        Assert.Equal((FinishReason.Length, 44), (result.FinishReason, result.OutputTokens));
    }

    [Theory]
    [InlineData("gemma3", "genai", "not every layer has a sliding window")]
    [InlineData("llama", "export", "not every layer has a sliding window")]
    [InlineData("mistral", "export-no-positions", "the graph counts positions itself")]
    [InlineData("phi3", "genai", "not every layer has a sliding window")]
    public void Prompt_LongerThanTheContext_IsRefused_WithTheReason(string family, string form, string reason)
    {
        (_, ModelFolder folder) = Write(family, form);
        using InferenceEngine engine = InferenceEngine.Load(folder, null, new EngineOptions { Threads = 1 }, null, Token);
        Assert.False(engine.SlidesPastContext);
        int[] prompt = new int[engine.ContextTokens];
        var failure = Assert.Throws<TokenFactoryException>(() => engine.Submit(EngineModels.Request(prompt, 5), Token));
        Assert.Equal("PromptTooLong", failure.ErrorId);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Slot_hardly_longer_than_the_window_does_not_slide()
    {
        (_, ModelFolder folder) = Write("mistral", "genai");
        using InferenceEngine engine = InferenceEngine.Load(folder, null, new EngineOptions { Threads = 1, ContextTokens = 5 }, null, Token);
        Assert.False(engine.SlidesPastContext);
    }

    private (DecoderShape Shape, ModelFolder Folder) Write(string family, string form)
    {
        string path = Path.Combine(_root, family + form);
        SyntheticModel.Write(FamilyTests.Form(form) with { Name = family, Shape = FamilyTests.Families[family], Precision = ModelPrecision.Fp32 }, path, null, Token);
        return (FamilyTests.Families[family], ModelFolder.Open(path));
    }

    private static void AssertPlain(DecoderShape shape, ModelFolder folder, int[] prompt, GenerationResult result)
    {
        var reference = new ReferenceDecoder(shape, folder.Graph.ModelPath);
        double[] logits = reference.Step(prompt)[^1];
        for (int n = 0; n < result.TokenIds.Count; n++)
        {
            int id = result.TokenIds[n];
            double top = logits.Max();
            Assert.Equal(logits[id] - top - Math.Log(logits.Sum(l => Math.Exp(l - top))), result.LogProbabilities![n].LogProbability, 1e-4);
            logits = reference.Step(id)[^1];
        }
    }
}
