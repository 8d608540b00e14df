using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;
using Xunit;

namespace TokenFactory.Inference.Tests.Models;

/// <summary>Each family's graph in each published layout against the plain forward pass of the same weights.</summary>
public sealed class FamilyTests : IDisposable
{
    private const double Tolerance = 1e-4;

    private readonly string _root = Directory.CreateTempSubdirectory("tokenfactory-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    public static TheoryData<string, string> Cases()
    {
        TheoryData<string, string> cases = [];
        foreach (string family in Families.Keys)
        {
            foreach (string form in new[] { "genai", "genai-direct", "export", "export-no-positions", "export-no-mask", "export-merged", "export-keep" })
            {
                cases.Add(family, form);
            }
        }

        return cases;
    }

    internal static Dictionary<string, DecoderShape> Families { get; } = new()
    {
        ["llama"] = Tiny(DecoderFamily.Llama),
        ["smollm"] = Tiny(DecoderFamily.Llama) with { TiedEmbeddings = true },
        ["mistral"] = Tiny(DecoderFamily.Mistral with { SlidingWindow = 5 }),
        ["qwen2"] = Tiny(DecoderFamily.Qwen2) with { TiedEmbeddings = true },
        ["qwen3"] = Tiny(DecoderFamily.Qwen3) with { HeadSize = 32 },
        ["phi3"] = Tiny(DecoderFamily.Phi3 with { OriginalContext = 8 }) with { HeadSize = 64 },
        ["gemma2"] = Tiny(DecoderFamily.Gemma2 with { SlidingWindow = 5, AttentionSoftcap = 2, LogitSoftcap = 3, AttentionScale = 0.2 }) with { TiedEmbeddings = true },
        ["gemma3"] = Tiny(DecoderFamily.Gemma3 with { SlidingWindow = 5, GlobalEvery = 3 }) with { TiedEmbeddings = true, RopeTheta = 1000000 },
        ["gptoss"] = Tiny(DecoderFamily.GptOss with { SlidingWindow = 5, Experts = 6, ExpertsPerToken = 2 }),
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_equal_a_plain_forward_pass(string family, string form)
    {
        DecoderShape shape = Families[family];
        SyntheticModelOptions options = Form(form) with { Name = family, Shape = shape, Precision = ModelPrecision.Fp32 };
        ModelInfo info = SyntheticModel.Write(options, Path.Combine(_root, "model"), null, TestContext.Current.CancellationToken);
        Assert.Equal(shape.Parameters, info.Parameters);
        Assert.Equal(shape.ActiveParameters, info.ActiveParameters);
        AssertEqualsReference(shape, ModelFolder.Open(info.Path).Graph, Tolerance);
    }

    [Theory]
    [InlineData("gptoss", "genai", ModelPrecision.Int4)]
    [InlineData("gptoss", "genai", ModelPrecision.Int8)]
    [InlineData("gptoss", "export", ModelPrecision.Int4)]
    [InlineData("qwen3", "genai", ModelPrecision.Int8)]
    [InlineData("smollm", "genai", ModelPrecision.Int4)]
    [InlineData("smollm", "export", ModelPrecision.Int4)]
    public void Quantized_logits_are_near_those_of_the_dequantized_weights(string family, string form, ModelPrecision precision)
    {
        // Every expert is chosen: rounding must not decide between two that score alike.
        DecoderShape shape = Families[family] is { Family.Experts: > 0 } mixture ? mixture with { Family = mixture.Family with { ExpertsPerToken = mixture.Family.Experts } } : Families[family];
        ModelInfo info = SyntheticModel.Write(Form(form) with { Name = family, Shape = shape, Precision = precision }, Path.Combine(_root, "model"), null, TestContext.Current.CancellationToken);
        Assert.Equal(shape.Parameters, info.Parameters);
        Assert.Equal(shape.ActiveParameters, info.ActiveParameters);
        Assert.Equal(precision == ModelPrecision.Int4 ? "int4" : "int8", info.Precision);

        // Products round activations to 8 bits (accuracy level 4): a percent or two of the logits' deviation of about 1.
        AssertEqualsReference(shape, ModelFolder.Open(info.Path).Graph, 0.15);
    }

    [Theory]
    [InlineData("gemma2", "genai")]
    [InlineData("phi3", "export")]
    public void Half_precision_is_near(string family, string form)
    {
        DecoderShape shape = Families[family];
        string full = SyntheticModel.Write(Form(form) with { Name = family, Shape = shape, Precision = ModelPrecision.Fp32 }, Path.Combine(_root, "full"), null, TestContext.Current.CancellationToken).Path;
        ModelInfo info = SyntheticModel.Write(Form(form) with { Name = family, Shape = shape, Precision = ModelPrecision.Fp16 }, Path.Combine(_root, "half"), null, TestContext.Current.CancellationToken);
        Assert.Equal("fp16", info.Precision);
        var reference = new ReferenceDecoder(shape, ModelFolder.Open(full).Graph.ModelPath);
        using var runner = new GraphRunner(ModelFolder.Open(info.Path).Graph);
        AssertNear(reference.Step(5, 200, 7, 19, 3), runner.Step(5, 200, 7, 19, 3), 0.05);
        AssertNear(reference.Step(11), runner.Step(11), 0.05);
    }

    internal static SyntheticModelOptions Form(string form)
    {
        var options = new SyntheticModelOptions { Name = form, Seed = 3 };
        var export = options with { Layout = ModelLayout.HuggingFace };
        return form switch
        {
            "genai" => options,
            "genai-direct" => options with { LogitRows = LogitRows.Selected },
            "export" => export,
            "export-no-positions" => export with { Export = new ExportForm { PositionIds = false } },
            "export-no-mask" => export with { Export = new ExportForm { PositionIds = false, AttentionMask = false } },
            "export-merged" => export with { Export = new ExportForm { Merged = true } },
            "export-keep" => export with { Export = new ExportForm { LogitsToKeep = true, PositionIds = false } },
            _ => throw new ArgumentException(form),
        };
    }

    private static DecoderShape Tiny(DecoderFamily family) => new()
    {
        Hidden = 64,
        Layers = 3,
        Heads = 4,
        KvHeads = 2,
        HeadSize = 16,
        Intermediate = 96,
        Vocabulary = 300,
        Context = 64,
        Family = family,
    };

    // The prompt, then single tokens beyond the sliding window (5) and the training context (8) of the families that have one.
    private static void AssertEqualsReference(DecoderShape shape, DecoderGraph graph, double tolerance)
    {
        var reference = new ReferenceDecoder(shape, graph.ModelPath);
        using var runner = new GraphRunner(graph);
        AssertNear(reference.Step(5, 200, 7, 19, 3, 3), runner.Step(5, 200, 7, 19, 3, 3), tolerance);
        foreach (int token in new[] { 250, 4, 99, 11, 299, 20, 21 })
        {
            AssertNear(reference.Step(token), runner.Step(token), tolerance);
        }
    }

    private static void AssertNear(double[][] expected, float[][] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        double worst = 0, largest = 0;
        for (int row = 0; row < expected.Length; row++)
        {
            for (int i = 0; i < expected[row].Length; i++)
            {
                worst = Math.Max(worst, Math.Abs(expected[row][i] - actual[row][i]));
                largest = Math.Max(largest, Math.Abs(expected[row][i]));
            }
        }

        Assert.True(worst <= tolerance, $"worst difference {worst:E2}, largest logit {largest:0.00}");
        Assert.True(largest > 1);
    }
}
