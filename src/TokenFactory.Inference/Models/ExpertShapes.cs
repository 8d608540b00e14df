namespace TokenFactory.Inference.Models;

/// <summary>Checks that the weights of a mixture of experts fit each other.</summary>
/// <remarks>
/// ONNX Runtime 1.31.1 prepares these weights while it loads a graph, before it compares their shapes, and reads beyond the shorter ones: a QMoE whose second
/// product's weight said <c>[32, 64, 4]</c> for <c>[4, 64, 32]</c> ended the process, and so did one without scales. Inputs as its operator's documentation numbers them.
/// </remarks>
internal static class ExpertShapes
{
    private const int FirstWeight = 2, FirstScale = 3, FirstBias = 4, SecondWeight = 5, SecondScale = 6, SecondBias = 7, ThirdWeight = 8, ThirdScale = 9, ThirdBias = 10;

    /// <summary>Checks a node; other operators pass.</summary>
    /// <param name="path">Full path of the graph's file.</param>
    /// <param name="node">The node.</param>
    /// <param name="graph">The graph that holds it.</param>
    /// <param name="outer">The graph around that, whose weights it may use.</param>
    /// <exception cref="ModelFolderException"><c>ModelFolderInvalid</c>.</exception>
    public static void Check(string path, OnnxNode node, OnnxGraph graph, OnnxGraph outer)
    {
        bool packed = node.IsMicrosoft("QMoE");
        if (!packed && !node.IsMicrosoft("MoE"))
        {
            return;
        }

        // MoE has no scales: its inputs follow each other more closely.
        int[] weights = packed ? [FirstWeight, SecondWeight, ThirdWeight] : [2, 4, 6];
        int[] rows = packed ? [FirstScale, FirstBias, SecondScale, SecondBias, ThirdScale, ThirdBias] : [3, 5, 7];
        int[] rowsOf = packed ? [FirstWeight, FirstWeight, SecondWeight, SecondWeight, ThirdWeight, ThirdWeight] : [2, 4, 6];
        OnnxTensor? Weight(int input) => graph.Weights.GetValueOrDefault(node.Input(input)) ?? outer.Weights.GetValueOrDefault(node.Input(input));
        long bits = packed ? node.Int("expert_weight_bits", 4) : 8;
        if (bits is not (2 or 4 or 8) || node.Int("block_size") is < 0 or > 1 << 16 || node.Int("k", 1) is < 1 or > 1 << 16)
        {
            throw Misfit(path, node, "has impossible attributes");
        }

        if (Weight(weights[0]) is not { } first || Weight(weights[1]) is not { } second)
        {
            // Floats are not prepared ahead, so they may be computed.
            if (!packed)
            {
                return;
            }

            throw Misfit(path, node, "has no stored weights");
        }

        foreach (int input in weights)
        {
            if (Weight(input) is { } weight && (weight.Shape.Count != 3 || weight.Shape.Any(d => d <= 0) || weight.Shape[0] != first.Shape[0]))
            {
                throw Misfit(path, node, "has weights whose shapes do not fit each other");
            }
        }

        // Rows are outputs in QMoE; in MoE either order is known, and both products must agree on the hidden size.
        long pack = 8 / bits;
        bool fits = packed
            ? first.Shape[2] * pack == second.Shape[1] && Inner(first.Shape[1], second.Shape[2] * pack)
            : (first.Shape[2] == second.Shape[1] && Inner(first.Shape[1], second.Shape[2])) || (first.Shape[1] == second.Shape[2] && Inner(first.Shape[2], second.Shape[1]));
        if (!fits)
        {
            throw Misfit(path, node, "has weights whose shapes do not fit each other");
        }

        long block = node.Int("block_size");
        for (int i = 0; i < rows.Length; i++)
        {
            bool isScale = packed && i % 2 == 0;
            if (Weight(rowsOf[i]) is not { } weight || Weight(rows[i]) is not { } row)
            {
                // Scales that are computed, or not there at all, it reads all the same.
                if (isScale && Weight(rowsOf[i]) is not null)
                {
                    throw Misfit(path, node, "has no stored scales");
                }

                continue;
            }

            bool agrees = row.Shape.Count >= 2 && row.Shape[0] == weight.Shape[0] && (packed ? row.Shape[1] == weight.Shape[1] : row.Shape[1] == weight.Shape[1] || row.Shape[1] == weight.Shape[2])
                && (isScale && block > 0 ? row.Shape.Count == 3 && row.Shape[2] == ((weight.Shape[2] * pack) + block - 1) / block : row.Shape.Count == 2 || (row.Shape.Count == 3 && row.Shape[2] == 1));
            if (!agrees)
            {
                throw Misfit(path, node, "has scales or biases whose shapes do not fit its weights");
            }
        }
    }

    private static bool Inner(long first, long second) => first == second || first == 2 * second;

    private static ModelFolderException Misfit(string path, OnnxNode node, string problem) =>
        ModelFolderException.Invalid(path, $"its operator '{ModelGuard.Shorten(node.Name.Length > 0 ? node.Name : node.Op)}' {problem}");
}
