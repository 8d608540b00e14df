using System.Runtime.InteropServices;
using TokenFactory.Inference.Onnx;

namespace TokenFactory.Inference.Tests.Kernels;

/// <summary>A small graph of int4 products: <c>q</c>, <c>k</c>, <c>v</c> of one input <c>x</c>, and a gated feed-forward <c>y</c>.</summary>
/// <param name="Inner">K.</param>
/// <param name="Outer">N of q, and of gate and up.</param>
/// <param name="Block">Weights of a block.</param>
/// <param name="ZeroPoints">True for stored zero points.</param>
/// <param name="Bias">True for a bias.</param>
/// <param name="Inline">True for weights inside the file.</param>
internal sealed record ProductGraph(int Inner, int Outer, int Block, bool ZeroPoints, bool Bias, bool Inline)
{
    /// <summary>Blocks of q's scales that are missing.</summary>
    public int MissingScales { get; init; }

    public int AccuracyLevel { get; init; } = 4;

    /// <summary>True for products of the norm of twice <c>x</c>, which is an output too.</summary>
    public bool Norm { get; init; }

    private string Rows { get; set; } = "x";

    /// <summary>Writes it; returns the graph's path.</summary>
    public string Write(string folder)
    {
        Directory.CreateDirectory(folder);
        var random = new Random(11);
        using FileStream data = File.Create(Path.Combine(folder, "model.onnx.data"));
        var graph = new GraphWriter(data, "model.onnx.data") { InlineBelow = Inline ? int.MaxValue : 64 };
        graph.Input("x", OnnxType.Float, "rows", Inner);
        if (Norm)
        {
            float[] gamma = [.. Enumerable.Range(0, Inner).Select(_ => random.NextSingle() + 0.5f)];
            graph.Weight("gamma", OnnxType.Float, [Inner], MemoryMarshal.AsBytes<float>(gamma));
            graph.Node("SkipSimplifiedLayerNormalization", ["x", "x", "gamma"], ["normed", "", "", "sum"], OnnxOps.Microsoft, ("epsilon", 1e-5f));
            graph.Node("SkipSimplifiedLayerNormalization", ["sum", "x", "gamma"], ["again"], OnnxOps.Microsoft, ("epsilon", 1e-5f));
            Rows = "normed";
        }

        Product(graph, random, "q", Outer);
        Product(graph, random, "k", 40);
        Product(graph, random, "v", 24);
        Rows = Norm ? "again" : Rows;
        Product(graph, random, "gate", Outer);
        Product(graph, random, "up", Outer);
        graph.Op("Sigmoid", "sigmoid", ["gate"]);
        graph.Op("Mul", "activated", ["gate", "sigmoid"]);
        graph.Op("Mul", "y", ["activated", "up"]);
        foreach ((string name, int outer) in new[] { ("q", Outer), ("k", 40), ("v", 24), ("y", Outer) })
        {
            graph.Output(name, OnnxType.Float, "rows", outer);
        }

        string path = Path.Combine(folder, "model.onnx");
        using FileStream file = File.Create(path);
        graph.Write(file, "test", []);
        return path;
    }

    private void Product(GraphWriter graph, Random random, string name, int outer)
    {
        int perColumn = Inner / Block;
        byte[] blocks = new byte[outer * perColumn * Block / 2];
        random.NextBytes(blocks);
        float[] scales = [.. Enumerable.Range(0, (outer * perColumn) - (name == "q" ? MissingScales : 0)).Select(_ => random.NextSingle() / 100)];
        graph.Weight($"{name}.qweight", OnnxType.UInt8, [outer, perColumn, Block / 2], blocks);
        graph.Weight($"{name}.scales", OnnxType.Float, [scales.Length], MemoryMarshal.AsBytes<float>(scales));
        List<string> inputs = [Rows, $"{name}.qweight", $"{name}.scales"];
        if (ZeroPoints)
        {
            byte[] zeros = new byte[outer * ((perColumn + 1) / 2)];
            random.NextBytes(zeros);
            inputs.Add(graph.Weight($"{name}.zeros", OnnxType.UInt8, [zeros.Length], zeros));
        }

        if (Bias)
        {
            float[] bias = [.. Enumerable.Range(0, outer).Select(_ => random.NextSingle() - 0.5f)];
            inputs.AddRange(ZeroPoints ? [""] : ["", ""]);
            inputs.Add(graph.Weight($"{name}.bias", OnnxType.Float, [outer], MemoryMarshal.AsBytes<float>(bias)));
        }

        graph.Node(OnnxOps.MatMulNBits, [.. inputs], [name], OnnxOps.Microsoft,
            ("K", Inner), ("N", outer), ("bits", 4), ("block_size", Block), ("accuracy_level", AccuracyLevel));
    }
}
