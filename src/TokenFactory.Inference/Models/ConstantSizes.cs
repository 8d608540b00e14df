using System.Buffers.Binary;
using TokenFactory.Inference.Onnx;

namespace TokenFactory.Inference.Models;

/// <summary>Checks that no operator makes something huge of a few constants: ONNX Runtime would make it while it loads the graph.</summary>
/// <remarks>
/// Counted are lower bounds of elements, of operators whose sizes stand in weights or attributes. Sizes that a graph computes are not seen here; while loading,
/// <see cref="LoadLimits"/> bounds them.
/// </remarks>
internal static class ConstantSizes
{
    private const double MaximumElements = 1L << 27;

    /// <summary>Checks a graph and its subgraphs.</summary>
    /// <param name="path">Full path of its file.</param>
    /// <param name="graph">The graph.</param>
    /// <exception cref="ModelFolderException"><c>ModelFolderInvalid</c>.</exception>
    public static void Check(string path, OnnxGraph graph)
    {
        Dictionary<string, OnnxTensor> constants = new(StringComparer.Ordinal);
        List<OnnxNode> nodes = [];
        foreach ((OnnxNode node, OnnxGraph inside) in graph.AllNodes())
        {
            nodes.Add(node);
            foreach ((string name, OnnxTensor weight) in inside.Weights)
            {
                constants.TryAdd(name, weight);
            }

            if (node.IsStandard("Constant") && node.Attributes.GetValueOrDefault("value") is { Tensors: [OnnxTensor value] })
            {
                constants.TryAdd(node.Output(0), value);
            }
        }

        double total = 0;
        foreach (OnnxNode node in nodes)
        {
            total += Elements(node, name => constants.GetValueOrDefault(name));
            if (total > MaximumElements)
            {
                throw ModelFolderException.Invalid(path, $"its operator '{ModelGuard.Shorten(node.Op)}' makes more than {MaximumElements} elements of a few constants");
            }
        }
    }

    private static double Elements(OnnxNode node, Func<string, OnnxTensor?> constant)
    {
        if (node.Domain is not ("" or "ai.onnx"))
        {
            return 0;
        }

        double[]? Values(int input) => constant(node.Input(input)) is { } tensor ? Numbers(tensor) : null;
        switch (node.Op)
        {
            case "ConstantOfShape":
                return Product(Values(0));
            case "Expand" or "Tile":
                return Product(Values(1));
            case "Range" when Values(0) is [double start] && Values(1) is [double limit] && Values(2) is [double delta]:
                return delta == 0 ? double.PositiveInfinity : Math.Max(0, (limit - start) / delta);
            case "Pad" when Values(1) is { } pads:
                return Product([.. Enumerable.Range(0, pads.Length / 2).Select(i => pads[i] + pads[i + (pads.Length / 2)])]);
            case "Resize" or "Upsample":
                return Math.Max(Product(Values(3)), Math.Max(Product(Values(2)), Product(Values(1))));
            case "OneHot" or "HannWindow" or "HammingWindow" or "BlackmanWindow":
                return Product(Values(node.Op == "OneHot" ? 1 : 0));
            case "RandomNormal" or "RandomUniform":
                return node.Attributes.TryGetValue("shape", out OnnxAttribute? shape) ? Product([.. shape.Ints.Select(i => (double)i)]) : 0;
            default:
                return 0;
        }
    }

    // A dimension of none, or one that is taken over, leaves the others: that they are huge is enough.
    private static double Product(double[]? dimensions) => dimensions is null ? 0 : dimensions.Aggregate(1.0, (product, d) => product * Math.Max(1, d));

    private static double[]? Numbers(OnnxTensor tensor)
    {
        if (tensor.Ints.Count > 0)
        {
            return [.. tensor.Ints.Select(i => (double)i)];
        }

        if (tensor.Raw is not { Length: > 0 } raw)
        {
            return null;
        }

        return tensor.Type switch
        {
            OnnxType.Int64 => [.. Enumerable.Range(0, raw.Length / 8).Select(i => (double)BinaryPrimitives.ReadInt64LittleEndian(raw.AsSpan(8 * i)))],
            OnnxType.Int32 => [.. Enumerable.Range(0, raw.Length / 4).Select(i => (double)BinaryPrimitives.ReadInt32LittleEndian(raw.AsSpan(4 * i)))],
            OnnxType.Float => [.. Enumerable.Range(0, raw.Length / 4).Select(i => (double)BinaryPrimitives.ReadSingleLittleEndian(raw.AsSpan(4 * i)))],
            OnnxType.Double => [.. Enumerable.Range(0, raw.Length / 8).Select(i => BinaryPrimitives.ReadDoubleLittleEndian(raw.AsSpan(8 * i)))],
            _ => null,
        };
    }
}
