using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;
using TokenFactory.Inference.Tests.Models;
using Xunit;

namespace TokenFactory.Inference.Tests.Engine;

/// <summary>The engine on every family in every published layout, in chunks and in a batch, against the plain forward pass.</summary>
public sealed class EngineFamilyTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("tokenfactory-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [MemberData(nameof(FamilyTests.Cases), MemberType = typeof(FamilyTests))]
    public async Task Tokens_AreTheLikeliestOfThePlainForwardPass(string family, string form)
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        DecoderShape shape = FamilyTests.Families[family];
        SyntheticModel.Write(FamilyTests.Form(form) with { Name = family, Shape = shape, Precision = ModelPrecision.Fp32 }, Path.Combine(_root, "model"), null, token);
        ModelFolder folder = ModelFolder.Open(Path.Combine(_root, "model"));
        using InferenceEngine engine = InferenceEngine.Load(folder, null, new EngineOptions { Threads = 1, SmallestChunk = 3, LargestChunk = 5 }, null, token);

        // One prompt below the switch of a rotary embedding that has one (8) and one above, together: they part on the way.
        int longest = Math.Min(engine.ContextTokens, 64);
        Task<GenerationResult>[] tasks = [.. new[] { 5, longest > 20 ? 13 : 6 }.Select((length, i) => engine.Submit(new GenerationRequest
        {
            InputTokens = EngineModels.Prompt(length, i).Select(t => t % 300).ToArray(),
            Sampling = new SamplingOptions { MaxTokens = Math.Min(9, longest - length), IgnoreEndTokens = true, LogProbabilities = 0 },
        }, token).Completion)];
        GenerationResult[] results = await Task.WhenAll(tasks);
        for (int i = 0; i < results.Length; i++)
        {
            var reference = new ReferenceDecoder(shape, folder.Graph.ModelPath);
            int[] prompt = [.. EngineModels.Prompt(results[i].InputTokens, i).Select(t => t % 300)];
            double[] logits = reference.Step(prompt)[^1];
            for (int n = 0; n < results[i].TokenIds.Count; n++)
            {
                int id = results[i].TokenIds[n];
                double logSum = Math.Log(logits.Sum(Math.Exp));
                Assert.Equal(logits[id] - logSum, results[i].LogProbabilities![n].LogProbability, 1e-3);
                Assert.Equal(logits.Max(), logits[id], 1e-3);
                logits = reference.Step(id)[^1];
            }
        }
    }
}
