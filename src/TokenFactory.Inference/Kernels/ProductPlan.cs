using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;

namespace TokenFactory.Inference.Kernels;

/// <summary>Which nodes of a graph our operator takes over, and which of them together.</summary>
/// <remarks>
/// Only what is certain is taken: int4 blocks with <c>accuracy_level</c> 4, float rows, weights that are constants of the size that the dimensions need.
/// Everything else stays ONNX Runtime's, whose own checks then judge it.
/// </remarks>
internal sealed class ProductPlan
{
    private static readonly string[] s_known = ["K", "N", "bits", "block_size", "accuracy_level"];

    private readonly OnnxGraph _graph;
    private readonly int _threads;
    private readonly HashSet<string> _inputs;
    private readonly Dictionary<string, int> _uses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _producers = new(StringComparer.Ordinal);
    private readonly Dictionary<int, Product> _products = [];
    private readonly Dictionary<int, Group> _groups = [];

    /// <summary>Looks at a graph.</summary>
    /// <param name="graph">The main graph; its subgraphs are left alone.</param>
    /// <param name="threads">Threads of the session.</param>
    public ProductPlan(OnnxGraph graph, int threads)
    {
        _graph = graph;
        _threads = threads;
        _inputs = [.. graph.Inputs.Select(i => i.Name)];
        foreach ((OnnxNode node, _) in graph.AllNodes())
        {
            foreach (string input in node.Inputs)
            {
                _uses[input] = _uses.GetValueOrDefault(input) + 1;
            }
        }

        foreach (OnnxGraph sub in graph.AllNodes().SelectMany(n => n.Node.Attributes.Values).SelectMany(a => a.Graphs).Append(graph))
        {
            foreach (OnnxValue output in sub.Outputs)
            {
                _uses[output.Name] = _uses.GetValueOrDefault(output.Name) + 1;
            }
        }

        for (int i = 0; i < graph.Nodes.Count; i++)
        {
            OnnxNode node = graph.Nodes[i];
            foreach (string output in node.Outputs)
            {
                _producers[output] = i;
            }

            if (Read(node) is { } product)
            {
                _products.Add(i, product);
                Blocks.Add(product.Blocks);
            }
            else
            {
                OtherProducts += ParameterCounter.IsQuantizedProduct(node) ? 1 : 0;
            }
        }

        OtherProducts += graph.AllNodes().Count(n => n.Graph != graph && ParameterCounter.IsQuantizedProduct(n.Node));
        Products = _products.Count;
        TakeGates();
        TakeGroups();
        TakeNorms();
        foreach ((int index, Group group) in _groups)
        {
            Replacements[index] = Write(group);
        }
    }

    /// <summary>Products that our operator computes.</summary>
    public int Products { get; }

    /// <summary>Products with integer weights that ONNX Runtime's kernels compute.</summary>
    public int OtherProducts { get; }

    /// <summary>Names of the matrices of our products.</summary>
    public HashSet<string> Blocks { get; } = new(StringComparer.Ordinal);

    /// <summary>What stands instead of a node, by its index; null where it goes without a replacement.</summary>
    public Dictionary<int, ProtoWriter?> Replacements { get; } = [];

    private Product? Read(OnnxNode node)
    {
        long inner = node.Int("K"), outer = node.Int("N"), block = node.Int("block_size");
        if (!node.IsMicrosoft(OnnxOps.MatMulNBits) || node.Int("bits", 4) != 4 || node.Int("accuracy_level") != 4 || node.Input(4).Length > 0
            || node.Outputs.Count != 1 || node.Attributes.Keys.Any(k => !s_known.Contains(k)) || inner is <= 0 or > int.MaxValue || outer is <= 0 or > int.MaxValue
            || block is <= 0 or > int.MaxValue || inner % block != 0)
        {
            return null;
        }

        string zeros = node.Input(3), bias = node.Input(5);
        long perColumn = inner / block;
        bool fits = Is(node.Input(1), OnnxType.UInt8, outer * perColumn * (block / 2)) && Is(node.Input(2), OnnxType.Float, outer * perColumn)
            && (zeros.Length == 0 || Is(zeros, OnnxType.UInt8, outer * ((perColumn + 1) / 2))) && (bias.Length == 0 || Is(bias, OnnxType.Float, outer));
        return fits && Int4MatrixKernel.CanRun((int)inner, (int)outer, (int)block)
            ? new Product(node, (int)inner, (int)outer, (int)block, node.Input(0), node.Input(1), node.Input(2), zeros, bias) : null;
    }

    private bool Is(string name, OnnxType type, long elements) =>
        _graph.Weights.TryGetValue(name, out OnnxTensor? weight) && !_inputs.Contains(name) && weight.Type == type && weight.Elements == elements;

    // gate and up of one input with silu between them, as exporters write it: Mul(Mul(gate, Sigmoid(gate)), up).
    private void TakeGates()
    {
        for (int i = 0; i < _graph.Nodes.Count; i++)
        {
            OnnxNode node = _graph.Nodes[i];
            if (!node.IsStandard("Mul") || node.Inputs.Count != 2)
            {
                continue;
            }

            foreach ((string activated, string straight) in new[] { (node.Inputs[0], node.Inputs[1]), (node.Inputs[1], node.Inputs[0]) })
            {
                if (Once(straight) is not { } up || Once(activated) is not { } inside || !_graph.Nodes[inside].IsStandard("Mul") || _graph.Nodes[inside].Inputs.Count != 2)
                {
                    continue;
                }

                List<string> factors = _graph.Nodes[inside].Inputs;
                int at = factors.FindIndex(f => Once(f) is { } p && _graph.Nodes[p].IsStandard("Sigmoid"));
                if (at < 0 || Once(factors[at]) is not { } sigmoid || _graph.Nodes[sigmoid].Input(0) != factors[1 - at]
                    || _uses[factors[1 - at]] != 2 || !_producers.TryGetValue(factors[1 - at], out int gate)
                    || !_products.TryGetValue(gate, out Product? first) || !_products.TryGetValue(up, out Product? second) || first.Outer != second.Outer || !first.Joins(second))
                {
                    continue;
                }

                foreach (int gone in new[] { gate, up, inside, sigmoid })
                {
                    Replacements[gone] = null;
                }

                _groups[i] = new Group([first, second], [node.Output(0)], node.Name, GateActivationKind.Silu);
                _products.Remove(gate);
                _products.Remove(up);
                break;
            }
        }
    }

    // Products of one input stand where the first of them stood.
    private void TakeGroups()
    {
        foreach (IGrouping<string, KeyValuePair<int, Product>> sameRows in _products.OrderBy(p => p.Key).GroupBy(p => p.Value.Rows, StringComparer.Ordinal))
        {
            List<KeyValuePair<int, Product>> left = [.. sameRows];
            while (left.Count > 0)
            {
                List<KeyValuePair<int, Product>> group = [.. left.Where(p => p.Value.Joins(left[0].Value)).Take(ProductKernel.MostMatrices)];
                left.RemoveAll(group.Contains);
                foreach ((int index, _) in group)
                {
                    Replacements[index] = null;
                }

                _groups[group[0].Key] = new Group([.. group.Select(g => g.Value)], [.. group.Select(g => g.Value.Node.Output(0))], group[0].Value.Node.Name, GateActivationKind.None);
            }
        }
    }

    // A sum's norm that only one node of ours reads is computed by it, row by row before the row is quantized. It then stands where the norm stood.
    private void TakeNorms()
    {
        const int LongestRow = 16384;
        foreach ((int index, Group group) in _groups.ToArray())
        {
            Product first = group.Products[0];
            if (!_producers.TryGetValue(first.Rows, out int at) || _uses[first.Rows] != group.Products.Length || first.Inner > LongestRow)
            {
                continue;
            }

            OnnxNode norm = _graph.Nodes[at];
            if (!norm.IsMicrosoft("SkipSimplifiedLayerNormalization") || norm.Inputs.Count != 3 || norm.Output(0) != first.Rows || norm.Output(1).Length > 0 || norm.Output(2).Length > 0
                || norm.Attributes.Keys.Any(k => k != "epsilon") || !Is(norm.Input(2), OnnxType.Float, first.Inner))
            {
                continue;
            }

            Replacements[index] = null;
            _groups.Remove(index);
            _groups[at] = group with { Norm = norm };
        }
    }

    // Index of the node that makes a value that is used once.
    private int? Once(string name) => _uses.GetValueOrDefault(name) == 1 && _producers.TryGetValue(name, out int index) ? index : null;

    private ProtoWriter Write(Group group)
    {
        const int IntType = 2, FloatType = 1;
        Product first = group.Products[0];
        string sum = group.Norm?.Output(3) ?? "";
        IEnumerable<string> inputs = [.. group.Norm?.Inputs ?? [first.Rows], .. group.Products.SelectMany(p => new[] { p.Blocks, p.Scales, p.Zeros, p.Bias }).Where(n => n.Length > 0)];
        ProtoWriter node = new();
        foreach (string input in inputs)
        {
            node.Text(1, input);
        }

        foreach (string output in sum.Length > 0 ? [.. group.Outputs, sum] : group.Outputs)
        {
            node.Text(2, output);
        }

        node.Text(3, group.Name).Text(4, Int4Operator.Name).Text(7, Int4Operator.Domain);
        (string, long)[] attributes =
        [
            ("matrices", group.Products.Length), ("K", first.Inner), ("block_size", first.Block), ("threads", _threads), ("gate", (long)group.Gate),
            ("zero_points", first.Zeros.Length > 0 ? 1 : 0), ("bias", first.Bias.Length > 0 ? 1 : 0), ("norm", group.Norm is null ? 0 : 1), ("sum", sum.Length > 0 ? 1 : 0),
            .. group.Products.Select((p, i) => (FormattableString.Invariant($"N{i}"), (long)p.Outer)),
        ];
        foreach ((string key, long value) in attributes)
        {
            node.Message(5, new ProtoWriter().Text(1, key).Int(3, value).Int(20, IntType));
        }

        if (group.Norm is not null)
        {
            float epsilon = group.Norm.Attributes.GetValueOrDefault("epsilon")?.Float ?? 1e-5f;
            node.Message(5, new ProtoWriter().Text(1, "epsilon").Float(2, epsilon).Int(20, FloatType));
        }

        return node;
    }

    private sealed record Group(Product[] Products, string[] Outputs, string Name, GateActivationKind Gate, OnnxNode? Norm = null);

    private sealed record Product(OnnxNode Node, int Inner, int Outer, int Block, string Rows, string Blocks, string Scales, string Zeros, string Bias)
    {
        /// <summary>True when both can be one node.</summary>
        public bool Joins(Product other) =>
            Rows == other.Rows && Inner == other.Inner && Block == other.Block && Zeros.Length > 0 == other.Zeros.Length > 0 && Bias.Length > 0 == other.Bias.Length > 0;
    }
}
