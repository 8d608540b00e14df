using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Kernels;
using TokenFactory.Inference.Onnx;
using Xunit;

namespace TokenFactory.Inference.Tests.Engine;

/// <summary>A request gets the same tokens, with the same log probabilities to the last bit, whatever else runs.</summary>
public sealed class DeterminismTests(EngineModels models) : IClassFixture<EngineModels>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("selected", ModelPrecision.Fp32, false)]
    [InlineData("mask", ModelPrecision.Fp32, false)]
    [InlineData("growing", ModelPrecision.Fp32, true)]
    [InlineData("growing", ModelPrecision.Int4, true)]
    [InlineData("selected", ModelPrecision.Int4, true)]
    [InlineData("mask", ModelPrecision.Int4, true)]
    [InlineData("selected", ModelPrecision.Int4, false)]
    [InlineData("mask", ModelPrecision.Int4, false)]
    [InlineData("selected", ModelPrecision.Int4, true, false)]
    public async Task Answer_IsTheSameAloneAndAmongFifteenOthersThatComeAndGo(string form, ModelPrecision precision, bool exact, bool ownKernels = true)
    {
        Assert.SkipUnless(exact || precision == ModelPrecision.Fp32 || Int4Operator.IsAvailable, "ONNX Runtime's kernel for one row rounds in another way");
        var options = new EngineOptions { Threads = 1, Exact = exact, PrefixReuse = false, OwnKernels = ownKernels };
        GenerationRequest request = EngineModels.Request(EngineModels.Prompt(83, 1), 48, s => s with { Temperature = 0.9f, TopP = 0.95f, Seed = 11, LogProbabilities = 2 });
        using InferenceEngine engine = models.Load(form, precision, options);
        GenerationResult alone = await engine.Submit(request, Token).Completion;
        for (int round = 0; round < 3; round++)
        {
            GenerationResult among = await AmongOthers(engine, request, round, prompt => EngineModels.Prompt(prompt, 100 + prompt + round));
            AssertSame(alone, among);
        }
    }

    [Theory]
    [InlineData("selected", ModelPrecision.Fp32, false)]
    [InlineData("selected", ModelPrecision.Int4, true)]
    [InlineData("selected", ModelPrecision.Int4, false)]
    [InlineData("mask", ModelPrecision.Fp32, false)]
    [InlineData("growing", ModelPrecision.Fp32, true)]
    [InlineData("growing", ModelPrecision.Int4, true)]
    public async Task Answer_IsTheSameWhenItsBeginningIsReused(string form, ModelPrecision precision, bool exact)
    {
        Assert.SkipUnless(exact || precision == ModelPrecision.Fp32 || Int4Operator.IsAvailable, "ONNX Runtime's kernel for one row rounds in another way");
        GenerationRequest request = EngineModels.Request(EngineModels.Prompt(90, 2), 40, s => s with { Temperature = 0.7f, Seed = 5, LogProbabilities = 1 });
        GenerationResult alone;
        using (InferenceEngine fresh = models.Load(form, precision, new EngineOptions { Threads = 1, Exact = exact, PrefixReuse = false }))
        {
            alone = await fresh.Submit(request, Token).Completion;
            Assert.Equal(0, alone.CachedTokens);
        }

        int[] shared = request.InputTokens[..60].ToArray();
        using InferenceEngine engine = models.Load(form, precision, new EngineOptions { Threads = 1, Exact = exact });
        for (int round = 0; round < 3; round++)
        {
            GenerationResult among = await AmongOthers(engine, request, round, length => [.. shared, .. EngineModels.Prompt(length, round)]);
            AssertSame(alone, among);
            Assert.InRange(among.CachedTokens, 60, 88);
        }
    }

    [Fact]
    public async Task Int4_GivesTheSameInAnyTwoBatchesOfTwoOrMore()
    {
        GenerationRequest request = EngineModels.Request(EngineModels.Prompt(40, 3), 40, s => s with { LogProbabilities = 0 });
        var results = new List<GenerationResult>();
        foreach (int others in new[] { 1, 2, 6, 15 })
        {
            using InferenceEngine engine = models.Load("selected", ModelPrecision.Int4);
            IGeneration[] beside = [.. Enumerable.Range(0, others).Select(i => engine.Submit(EngineModels.Request(EngineModels.Prompt(9 + i, i), 400), Token))];
            await foreach (GenerationFragment _ in beside[^1])
            {
                break;
            }

            results.Add(await engine.Submit(request, Token).Completion);
        }

        Assert.All(results, r => AssertSame(results[0], r));
    }

    [Fact]
    public async Task SameSeed_GivesTheSame_AndAnotherSeedAnother()
    {
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Fp32);
        int[] prompt = EngineModels.Prompt(12, 5);
        Task<GenerationResult> Run(ulong seed) => engine.Submit(EngineModels.Request(prompt, 32, s => s with { Temperature = 1.2f, Seed = seed }), Token).Completion;
        GenerationResult first = await Run(1);
        Assert.Equal(first.TokenIds, (await Run(1)).TokenIds);
        Assert.NotEqual(first.TokenIds, (await Run(2)).TokenIds);
    }

    private static async Task<GenerationResult> AmongOthers(InferenceEngine engine, GenerationRequest request, int round, Func<int, int[]> prompt)
    {
        var random = new Random(round);
        var tasks = new List<Task>();
        IGeneration Other(int i) => engine.Submit(EngineModels.Request(prompt(random.Next(3, 120)), random.Next(1, 60), s => s with { Temperature = i % 2, Seed = (ulong)i }), Token);
        for (int i = 0; i < 7; i++)
        {
            tasks.Add(Other(i).Completion);
        }

        IGeneration target = engine.Submit(request, Token);
        for (int i = 0; i < 4; i++)
        {
            tasks.Add(Other(i).Completion);
        }

        int seen = 0;
        await foreach (GenerationFragment _ in target)
        {
            if (++seen % 10 == 0)
            {
                tasks.Add(Other(seen).Completion);
            }
        }

        await Task.WhenAll(tasks);
        return await target.Completion;
    }

    private static void AssertSame(GenerationResult expected, GenerationResult actual)
    {
        Assert.Equal(expected.TokenIds, actual.TokenIds);
        for (int i = 0; i < expected.TokenIds.Count; i++)
        {
            Assert.Equal(expected.LogProbabilities![i].LogProbability, actual.LogProbabilities![i].LogProbability);
            Assert.Equal(expected.LogProbabilities[i].Alternatives, actual.LogProbabilities[i].Alternatives);
        }
    }
}
