using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;

namespace TokenFactory.Benchmarks.Engine;

/// <summary>The shapes of the floors, written once into the temporary folder: this project's graph, GenAI's, and llama.cpp's file.</summary>
internal sealed record BenchmarkModel(string Suffix, DecoderShape Shape, string Fast, string GenAI, string Gguf)
{
    public static DecoderShape SmallShape { get; } = Dimensions(576, 30, 9, 3, 1536);

    public static BenchmarkModel Small() => Make("", 576, 30, 9, 3, 1536);

    public static BenchmarkModel Large() => Make(" @360M", 960, 32, 15, 5, 2560);

    private static BenchmarkModel Make(string suffix, int hidden, int layers, int heads, int kvHeads, int intermediate)
    {
        DecoderShape shape = Dimensions(hidden, layers, heads, kvHeads, intermediate);
        string root = Path.Combine(Path.GetTempPath(), $"tokenfactory-bench-{hidden}");
        string fast = Write(Path.Combine(root, "fast"), shape, LogitRows.Selected);
        string genai = Write(Path.Combine(root, "genai"), shape, LogitRows.All);
        string gguf = Path.Combine(root, "model.gguf");
        if (!File.Exists(gguf))
        {
            GgufWriter.Write(gguf, shape);
        }

        return new BenchmarkModel(suffix, shape, fast, genai, gguf);
    }

    private static DecoderShape Dimensions(int hidden, int layers, int heads, int kvHeads, int intermediate) => new()
    {
        Hidden = hidden,
        Layers = layers,
        Heads = heads,
        KvHeads = kvHeads,
        HeadSize = 64,
        Intermediate = intermediate,
        Vocabulary = 49152,
        Context = 2048,
    };

    private static string Write(string folder, DecoderShape shape, LogitRows rows)
    {
        if (!ModelFolder.LooksLikeModel(folder))
        {
            SyntheticModel.Write(new SyntheticModelOptions { Name = "bench", Shape = shape, Precision = ModelPrecision.Int4, LogitRows = rows }, folder);
        }

        return folder;
    }
}
