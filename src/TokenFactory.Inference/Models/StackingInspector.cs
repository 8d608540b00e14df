namespace TokenFactory.Inference.Models;

/// <summary>Finds out whether sequences of different lengths can share a run of a graph whose cache grows, by following its data.</summary>
/// <remarks>
/// Shorter rows are filled up in front. That leaves a row's answer alone only if the mask hides the filling from the scores, and if the
/// positions don't count it: they must be an input, or be counted from the mask.
/// </remarks>
internal sealed class StackingInspector
{
    private readonly Dictionary<string, List<OnnxNode>> _consumers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OnnxNode> _makers = new(StringComparer.Ordinal);

    private StackingInspector(OnnxGraph graph)
    {
        foreach ((OnnxNode node, OnnxGraph owner) in graph.AllNodes())
        {
            foreach (string input in node.Inputs)
            {
                if (!_consumers.TryGetValue(input, out List<OnnxNode>? nodes))
                {
                    _consumers[input] = nodes = [];
                }

                nodes.Add(node);
            }

            foreach (string output in node.Outputs)
            {
                _makers[output] = node;
            }

            // What a branch returns comes out of the node that has the branch, in the same order.
            foreach (OnnxGraph branch in node.Attributes.Values.SelectMany(a => a.Graphs))
            {
                foreach ((OnnxValue inner, string outer) in branch.Outputs.Zip(node.Outputs))
                {
                    var link = new OnnxNode { Op = "Identity" };
                    link.Inputs.Add(inner.Name);
                    link.Outputs.Add(outer);
                    if (!_consumers.TryGetValue(inner.Name, out List<OnnxNode>? nodes))
                    {
                        _consumers[inner.Name] = nodes = [];
                    }

                    nodes.Add(link);
                }
            }
        }
    }

    /// <summary>Why rows cannot share a run; null when they can.</summary>
    /// <param name="file">The graph.</param>
    /// <param name="ids">Input of token ids.</param>
    /// <param name="mask">Input of the attention mask; null when there is none.</param>
    /// <param name="positions">Input of positions; null when there is none.</param>
    /// <param name="layers">The cache.</param>
    public static string? Obstacle(OnnxFile file, string ids, string? mask, string? positions, IReadOnlyList<LayerCache> layers)
    {
        if (mask is null)
        {
            return "the graph takes no attention mask, so it can't be told where a shorter sequence begins";
        }

        foreach (string name in (IEnumerable<string>)[ids, mask, .. positions is null ? [] : new[] { positions }, .. layers.Select(l => l.PastKey)])
        {
            OnnxValue? input = file.Graph.Inputs.Find(i => i.Name == name);
            if (input?.Shape is { Count: > 0 } shape && shape[0] is long batch and > 0)
            {
                return $"the batch of its input '{name}' is fixed at {batch}";
            }
        }

        if (file.Graph.Inputs.Find(i => i.Name == mask)?.Shape is { Count: not 2 } rank)
        {
            return $"its mask '{mask}' has {rank.Count} dimensions instead of two";
        }

        if (file.Functions.Count > 0)
        {
            return "the graph is written in functions of its own, through which its mask is not followed";
        }

        var inspector = new StackingInspector(file.Graph);
        (bool hides, bool counts) = inspector.Uses(mask);
        return !hides ? $"its mask '{mask}' never reaches the attention scores; only its length is used"
            : positions is null && !counts ? "it has no position input and does not count positions from the mask, so filling would move every position"
            : null;
    }

    /// <summary>True when the comparison with a length that switches the rotary embedding looks at the positions and not at the tensors' lengths.</summary>
    public static bool SwitchFollowsPositions(OnnxGraph graph, int border, string? positions)
    {
        if (positions is null)
        {
            return false;
        }

        var inspector = new StackingInspector(graph);
        return graph.AllNodes().Any(n => n.Node.Domain.Length == 0 && n.Node.Op is "Greater" or "GreaterOrEqual" or "Less" or "LessOrEqual"
            && n.Node.Inputs.Any(i => (ParameterCounter.Scalar(n.Graph, i) ?? ParameterCounter.Scalar(graph, i)) is long value && Math.Abs(value - border) <= 1)
            && n.Node.Inputs.Any(i => inspector.ComesFrom(i, positions)));
    }

    /// <summary>True when the graph compares with the window's width anywhere, as a graph does that looks no further back.</summary>
    public static bool KnowsWindow(OnnxGraph graph, int window) => graph.AllNodes().Any(n => n.Node.Domain.Length == 0
        && n.Node.Op is "Sub" or "Add" or "Less" or "LessOrEqual" or "Greater" or "GreaterOrEqual" or "Trilu"
        && n.Node.Inputs.Any(i => (ParameterCounter.Scalar(n.Graph, i) ?? ParameterCounter.Scalar(graph, i)) is long value && Math.Abs(Math.Abs(value) - window) <= 1));

    /// <summary>True when the graph takes rows of a table by the positions.</summary>
    public static bool LooksUp(OnnxGraph graph, string positions)
    {
        var inspector = new StackingInspector(graph);
        return graph.AllNodes().Any(n => n.Node.Op is "Gather" or "GatherND" or "GatherElements" or "RotaryEmbedding" && inspector.ComesFrom(n.Node.Input(1), positions));
    }

    // Whether the mask's values get to a softmax without being counted first, and whether they are counted.
    private (bool Hides, bool Counts) Uses(string mask)
    {
        bool hides = false;
        bool counts = false;
        HashSet<string> seen = new(StringComparer.Ordinal) { mask };
        Queue<string> open = new([mask]);
        while (open.TryDequeue(out string? name))
        {
            foreach (OnnxNode node in _consumers.GetValueOrDefault(name) ?? [])
            {
                if (node.Op is "Shape" or "Size")
                {
                    continue;
                }

                if (node.Op is "CumSum")
                {
                    counts = true;
                    continue;
                }

                hides |= node.Op is "Softmax" or "Attention" or "MultiHeadAttention" or "Exp";
                foreach (string output in node.Outputs)
                {
                    if (output.Length > 0 && seen.Add(output))
                    {
                        open.Enqueue(output);
                    }
                }
            }
        }

        return (hides, counts);
    }

    private bool ComesFrom(string value, string source)
    {
        HashSet<string> seen = new(StringComparer.Ordinal) { value };
        Queue<string> open = new([value]);
        while (open.TryDequeue(out string? name))
        {
            if (name == source)
            {
                return true;
            }

            if (!_makers.TryGetValue(name, out OnnxNode? node) || node.Op is "Shape" or "Size")
            {
                continue;
            }

            foreach (string input in node.Inputs)
            {
                if (input.Length > 0 && seen.Add(input))
                {
                    open.Enqueue(input);
                }
            }
        }

        return false;
    }
}
