using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;
using TokenFactory.Inference.Tests.Models;
using Xunit;

namespace TokenFactory.Inference.Tests.Engine;

/// <summary>Exports with a growing cache in a batch: rows join and leave, beginnings are reused, and answers stay those of the plain forward pass.</summary>
public sealed class GrowingTests(EngineModels models) : IClassFixture<EngineModels>, IDisposable
{
    // Filling moves the terms of a sum: measured up to 1.2e-6 in a log probability of this model (360 tokens).
    private const double Rounding = 2e-5;

    private readonly string _root = Directory.CreateTempSubdirectory("tokenfactory-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(0f)]
    [InlineData(0.9f)]
    public async Task Ids_AreTheSameAloneAndAmongFifteenOthers_AndRunsAreShared(float temperature)
    {
        GenerationRequest request = EngineModels.Request(EngineModels.Prompt(83, 1), 60, s => s with { Temperature = temperature, TopP = 0.95f, Seed = 11, LogProbabilities = 1 });
        using InferenceEngine engine = models.Load("growing", ModelPrecision.Fp32);
        GenerationResult alone = await engine.Submit(request, Token).Completion;
        for (int round = 0; round < 3; round++)
        {
            var random = new Random(round);
            List<Task<GenerationResult>> others = [.. Enumerable.Range(0, 15).Select(i => engine.Submit(
                EngineModels.Request(EngineModels.Prompt(random.Next(3, 200), i), random.Next(20, 90), s => s with { Temperature = i % 2, Seed = (ulong)i }), Token).Completion)];
            GenerationResult among = await engine.Submit(request, Token).Completion;
            await Task.WhenAll(others);
            Assert.Equal(alone.TokenIds, among.TokenIds);
            for (int i = 0; i < alone.OutputTokens; i++)
            {
                Assert.Equal(alone.LogProbabilities![i].LogProbability, among.LogProbabilities![i].LogProbability, Rounding);
            }
        }

        await Idle(engine);
        Assert.True(engine.Statistics.DecodeTokens > 2 * engine.Statistics.DecodeRuns, "Rows were not run together.");
    }

    [Theory]
    [MemberData(nameof(FamilyForms))]
    public async Task Rows_OfDifferentLengths_AreThoseOfThePlainForwardPass(string family, string form)
    {
        (DecoderShape shape, ModelFolder folder) = Write(family, form);
        Assert.Equal(form is "export-no-mask", folder.Graph.StackingObstacle is not null);
        using InferenceEngine engine = InferenceEngine.Load(folder, null, new EngineOptions { Threads = 1, SmallestChunk = 3, LargestChunk = 5 }, null, Token);
        int[][] prompts = [.. new[] { 4, 17, 2, 9, 6, 23 }.Select((n, i) => EngineModels.Prompt(Math.Min(n, Math.Max(2, engine.ContextTokens - 8)), i).Select(t => t % 300).ToArray())];
        GenerationResult[] results = await Task.WhenAll(prompts.Select((p, i) => engine.Submit(new GenerationRequest
        {
            InputTokens = p,
            Sampling = new SamplingOptions { MaxTokens = Math.Min(4 + (i * 2), engine.ContextTokens - p.Length), IgnoreEndTokens = true, LogProbabilities = 0 },
        }, Token).Completion));
        for (int i = 0; i < results.Length; i++)
        {
            AssertPlain(shape, folder, prompts[i], results[i]);
        }
    }

    [Theory]
    [InlineData("export")]
    [InlineData("export-no-positions")]
    [InlineData("export-no-mask")]
    [InlineData("export-merged")]
    public async Task Beginning_IsTakenFromASequenceThatRunsOrEnded(string form)
    {
        (DecoderShape shape, ModelFolder folder) = Write("qwen3", form);
        using InferenceEngine engine = InferenceEngine.Load(folder, null, new EngineOptions { Threads = 1 }, null, Token);
        int[] shared = [.. EngineModels.Prompt(30, 1).Select(t => t % 300)];
        int[] first = [.. shared, 5, 6, 7];
        IGeneration running = engine.Submit(EngineModels.Request(first, 25, s => s with { LogProbabilities = 0 }), Token);
        await foreach (GenerationFragment _ in running)
        {
            break;
        }

        int[] second = [.. shared, 8, 9, 10, 11];
        GenerationResult beside = await engine.Submit(EngineModels.Request(second, 6, s => s with { LogProbabilities = 0 }), Token).Completion;
        GenerationResult ended = await running.Completion;
        int[] third = [.. shared[..20], 12, 13, 14];
        GenerationResult after = await engine.Submit(EngineModels.Request(third, 6, s => s with { LogProbabilities = 0 }), Token).Completion;
        Assert.Equal((0, 30, 20), (ended.CachedTokens, beside.CachedTokens, after.CachedTokens));
        AssertPlain(shape, folder, first, ended);
        AssertPlain(shape, folder, second, beside);
        AssertPlain(shape, folder, third, after);
    }

    [Fact]
    public async Task Prompt_PastTheSwitchOfItsRotaryEmbedding_IsSeenAsLongFromItsFirstChunk()
    {
        (DecoderShape shape, ModelFolder folder) = Write("phi3", "export");
        Assert.True(folder.Graph.RopeSwitchByLength);
        using InferenceEngine engine = InferenceEngine.Load(folder, null, new EngineOptions { Threads = 1, SmallestChunk = 2, LargestChunk = 3 }, null, Token);
        Assert.Equal(folder.Info.ContextTokens, engine.ContextTokens);

        // The switch is at 8: one short, one that passes it while it decodes, one long.
        int[][] prompts = [.. new[] { 3, 6, 20 }.Select((n, i) => EngineModels.Prompt(n, i).Select(t => t % 300).ToArray())];
        GenerationResult[] results = await Task.WhenAll(prompts.Select(p => engine.Submit(EngineModels.Request(p, 10, s => s with { LogProbabilities = 0 }), Token).Completion));
        for (int i = 0; i < results.Length; i++)
        {
            AssertPlain(shape, folder, prompts[i], results[i]);
        }
    }

    [Fact]
    public async Task Long_prompt_does_not_reuse_keys_that_were_turned_for_short_ones()
    {
        (DecoderShape shape, ModelFolder folder) = Write("phi3", "export", original: 16);
        using InferenceEngine engine = InferenceEngine.Load(folder, null, new EngineOptions { Threads = 1 }, null, Token);
        int[] prompt = [.. EngineModels.Prompt(24, 1).Select(t => t % 300)];
        await engine.Submit(EngineModels.Request(prompt[..14], 1), Token).Completion;
        GenerationResult longer = await engine.Submit(EngineModels.Request(prompt, 5, s => s with { LogProbabilities = 0 }), Token).Completion;
        Assert.Equal(0, longer.CachedTokens);
        AssertPlain(shape, folder, prompt, longer);
        GenerationResult again = await engine.Submit(EngineModels.Request([.. prompt[..20], 1, 2, 3], 5, s => s with { LogProbabilities = 0 }), Token).Completion;
        Assert.Equal(20, again.CachedTokens);
        AssertPlain(shape, folder, [.. prompt[..20], 1, 2, 3], again);
    }

    public static TheoryData<string, string> FamilyForms()
    {
        TheoryData<string, string> cases = [];
        foreach (string form in new[] { "export", "export-no-positions", "export-no-mask", "export-merged", "export-keep" })
        {
            foreach (string family in new[] { "llama", "mistral", "phi3", "gemma3", "gptoss" })
            {
                cases.Add(family, form);
            }
        }

        return cases;
    }

    private static async Task Idle(InferenceEngine engine)
    {
        while (engine.Statistics.Running > 0 || engine.Statistics.Waiting > 0 || engine.Statistics.DecodeSteps == 0)
        {
            await Task.Delay(5, Token);
        }
    }

    private (DecoderShape Shape, ModelFolder Folder) Write(string family, string form, int? original = null)
    {
        DecoderShape shape = FamilyTests.Families[family];
        shape = original is null ? shape : shape with { Family = shape.Family with { OriginalContext = original } };
        string path = Path.Combine(_root, family + form);
        SyntheticModel.Write(FamilyTests.Form(form) with { Name = family, Shape = shape, Precision = ModelPrecision.Fp32 }, path, null, Token);
        return (shape, ModelFolder.Open(path));
    }

    private static void AssertPlain(DecoderShape shape, ModelFolder folder, int[] prompt, GenerationResult result)
    {
        var reference = new ReferenceDecoder(shape, folder.Graph.ModelPath);
        double[] logits = reference.Step(prompt)[^1];
        Assert.NotEmpty(result.TokenIds);
        for (int n = 0; n < result.TokenIds.Count; n++)
        {
            int id = result.TokenIds[n];
            double top = logits.Max();
            Assert.Equal(logits[id] - top - Math.Log(logits.Sum(l => Math.Exp(l - top))), result.LogProbabilities![n].LogProbability, 1e-4);
            logits = reference.Step(id)[^1];
        }
    }
}
