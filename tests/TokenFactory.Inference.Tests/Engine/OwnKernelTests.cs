using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Kernels;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;
using TokenFactory.Inference.Tests.Models;
using Xunit;

namespace TokenFactory.Inference.Tests.Engine;

/// <summary>Int4 models on our kernels and on ONNX Runtime's.</summary>
public sealed class OwnKernelTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("tokenfactory-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [MemberData(nameof(FamilyTests.Cases), MemberType = typeof(FamilyTests))]
    public async Task LogProbabilities_AreNearThoseOfOnnxRuntimesKernels(string family, string form)
    {
        Assert.SkipUnless(Int4Operator.IsAvailable, "this machine has no int4 kernels");
        SyntheticModel.Write(FamilyTests.Form(form) with { Name = family, Shape = FamilyTests.Families[family], Precision = ModelPrecision.Int4 }, Path.Combine(_root, "model"), null, Token);
        ModelFolder folder = ModelFolder.Open(Path.Combine(_root, "model"));
        GenerationResult[] results = new GenerationResult[2];
        foreach (bool own in new[] { false, true })
        {
            using InferenceEngine engine = InferenceEngine.Load(folder, null, new EngineOptions { Threads = 1, OwnKernels = own }, null, Token);

            // Exports for both branches keep their products in subgraphs, which are left alone.
            bool expected = own && form != "export-merged";
            Assert.Equal(expected, engine.Session.OwnProducts > 0);
            Assert.Equal(expected, engine.ProviderExplanation.Contains("own kernels", StringComparison.Ordinal));
            results[own ? 1 : 0] = await engine.Submit(new GenerationRequest
            {
                InputTokens = EngineModels.Prompt(3, 3).Select(t => t % 300).ToArray(),
                Sampling = new SamplingOptions { MaxTokens = 5, IgnoreEndTokens = true, LogProbabilities = 0 },
            }, Token).Completion;
        }

        for (int i = 0; i < results[0].OutputTokens; i++)
        {
            Assert.Equal(results[0].LogProbabilities![i].LogProbability, results[1].LogProbabilities![i].LogProbability, 0.1);
            if (results[0].TokenIds[i] != results[1].TokenIds[i])
            {
                // Two candidates that score alike to within the rounding: from here on the texts differ.
                break;
            }
        }
    }
}
