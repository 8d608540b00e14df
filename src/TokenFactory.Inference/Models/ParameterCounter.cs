using System.Buffers.Binary;
using System.Text.RegularExpressions;
using TokenFactory.Inference.Onnx;

namespace TokenFactory.Inference.Models;

/// <summary>Counts the parameters of a graph from its operators and the shapes of their weights.</summary>
/// <remarks>
/// A quantized weight counts its logical elements (K × N), not its bytes; scales, zero points, rotary tables, masks and shape constants count
/// nothing. A weight that two nodes use counts once.
/// </remarks>
internal sealed partial class ParameterCounter
{
    private readonly OnnxFile _file;
    private readonly Dictionary<string, long> _counted = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _byPrecision = new(StringComparer.Ordinal);
    private readonly HashSet<string> _products = new(StringComparer.Ordinal);
    private readonly HashSet<string> _ignored = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _aliases = new(StringComparer.Ordinal);
    private long _experts;
    private double _activeExperts;
    private readonly bool _expertsUnknown;

    /// <summary>Counts a file's graph.</summary>
    /// <param name="file">The file.</param>
    /// <param name="experts">Experts of a layer and how many of them a token uses, as the config says; null when it does not.</param>
    public ParameterCounter(OnnxFile file, (int Total, int PerToken)? experts = null)
    {
        _file = file;
        foreach ((OnnxNode node, OnnxGraph graph) in file.Graph.AllNodes())
        {
            Visit(node, graph);
        }

        foreach (OnnxTensor tensor in file.Graph.AllTensors())
        {
            if (!_ignored.Contains(tensor.Name) && !_counted.ContainsKey(tensor.Name) && IsFloat(tensor.Type)
                && tensor.Elements > 1 && !LooksLikeTable(tensor.Name))
            {
                _counted[tensor.Name] = tensor.Elements;
            }
        }

        if (experts is (int total, int perToken) && _experts == 0)
        {
            // An exporter wrote every expert out; only the weights' names tell which are theirs.
            _experts = _counted.Where(c => ExpertName().IsMatch(c.Key)).Sum(c => c.Value);
            _activeExperts = _experts * Math.Min(1.0, perToken / (double)total);
            _expertsUnknown = _experts == 0;
        }
    }

    /// <summary>Parameters in total.</summary>
    public long Parameters => _counted.Values.Sum();

    /// <summary>Parameters that one token uses: all but the experts that it is not sent to; null when the experts' weights cannot be told apart.</summary>
    public long? ActiveParameters => _expertsUnknown ? null : Parameters - _experts + (long)Math.Round(_activeExperts);

    /// <summary>Precision of most of the products' weights; null when there are none.</summary>
    public string? Precision => _byPrecision.Count == 0 ? null : _byPrecision.MaxBy(p => p.Value).Key;

    /// <summary>True for products whose weights are integers.</summary>
    public static bool IsQuantizedProduct(OnnxNode node) => node.Op is OnnxOps.MatMulNBits or "QMoE" or "MatMulInteger" or "DynamicQuantizeMatMul" or "MatMulIntegerToFloat" or "QLinearMatMul";

    /// <summary>Bytes of an element.</summary>
    public static int Bytes(OnnxType type) => type switch
    {
        OnnxType.Float or OnnxType.Int32 or OnnxType.UInt32 => 4,
        OnnxType.Float16 or OnnxType.BFloat16 or OnnxType.Int16 or OnnxType.UInt16 => 2,
        OnnxType.Double or OnnxType.Int64 or OnnxType.UInt64 => 8,
        _ => 1,
    };

    /// <summary>The value of a constant integer scalar, given as a weight or a Constant node; null when it is none.</summary>
    public static long? Scalar(OnnxGraph graph, string name)
    {
        if (!graph.Weights.TryGetValue(name, out OnnxTensor? tensor))
        {
            OnnxNode? constant = graph.Nodes.Find(n => n.IsStandard("Constant") && n.Output(0) == name);
            tensor = constant?.Attributes.GetValueOrDefault("value")?.Tensors.FirstOrDefault();
            if (tensor is null)
            {
                return constant?.Attributes.GetValueOrDefault("value_int")?.Int;
            }
        }

        return tensor switch
        {
            { Type: OnnxType.Int64, Raw.Length: 8 } => BinaryPrimitives.ReadInt64LittleEndian(tensor.Raw),
            { Type: OnnxType.Int32, Raw.Length: 4 } => BinaryPrimitives.ReadInt32LittleEndian(tensor.Raw),
            { Ints.Count: 1 } => tensor.Ints[0],
            _ => null,
        };
    }

    private static bool IsFloat(OnnxType type) => type is OnnxType.Float or OnnxType.Float16 or OnnxType.BFloat16 or OnnxType.Double;

    private static bool LooksLikeTable(string name) =>
        name.Contains("cos_cache", StringComparison.Ordinal) || name.Contains("sin_cache", StringComparison.Ordinal) || name.Contains("inv_freq", StringComparison.Ordinal);

    private void Visit(OnnxNode node, OnnxGraph graph)
    {
        switch (node.Op)
        {
            case OnnxOps.MatMulNBits when node.Domain == OnnxOps.Microsoft:
                Product(node.Input(1), Checked(node.Int("K"), node.Int("N")), $"int{node.Int("bits", 4)}");
                Ignore(node, 2, 3);
                break;
            case OnnxOps.GatherBlockQuantized:
                string table = _aliases.GetValueOrDefault(node.Input(0), node.Input(0));
                if (Weight(graph, table) is OnnxTensor quantized)
                {
                    int perByte = quantized.Type is OnnxType.UInt8 && node.Int("bits", 4) == 4 ? 2 : 1;
                    _counted.TryAdd(table, Math.Max(0, quantized.Elements) * perByte);
                }

                Ignore(node, 2, 3);
                break;
            case "MatMul" or "Gemm":
                if (Weight(graph, _aliases.GetValueOrDefault(node.Input(1), node.Input(1))) is OnnxTensor matrix)
                {
                    Product(matrix.Name, Math.Max(0, matrix.Elements), Name(matrix.Type));
                }

                break;
            case "MatMulInteger" or "DynamicQuantizeMatMul" or "MatMulIntegerToFloat":
                if (Weight(graph, node.Input(1)) is OnnxTensor integers)
                {
                    Product(integers.Name, Math.Max(0, integers.Elements), "int8");
                }

                Ignore(node, 2, 3, 4, 5, 6);
                break;
            case "DequantizeLinear":
                if (Weight(graph, node.Input(0)) is OnnxTensor stored && stored.Elements > 1)
                {
                    Product(stored.Name, stored.Elements, stored.Type is OnnxType.Int4 or OnnxType.UInt4 ? "int4" : "int8");
                }

                Ignore(node, 1, 2);
                break;
            case "MoE" or "QMoE":
                Experts(node, graph);
                break;
            case "Reshape" or "Transpose" or "Cast" or "Identity":
                _aliases[node.Output(0)] = _aliases.GetValueOrDefault(node.Input(0), node.Input(0));
                break;
            case OnnxOps.GroupQueryAttention or "RotaryEmbedding":
                Ignore(node, node.Op == "RotaryEmbedding" ? [1, 2, 3] : [7, 8]);
                break;
        }
    }

    private void Experts(OnnxNode node, OnnxGraph graph)
    {
        int[] weights = node.Op == "MoE" ? [2, 4, 6] : [2, 5, 8];
        int perByte = node.Op == "QMoE" && node.Int("expert_weight_bits", 4) == 4 ? 2 : 1;
        foreach (int index in weights)
        {
            if (Weight(graph, node.Input(index)) is OnnxTensor tensor && tensor.Elements > 0 && tensor.Shape is [> 0, ..])
            {
                long count = tensor.Elements * perByte;
                Product(tensor.Name, count, node.Op == "MoE" ? Name(tensor.Type) : perByte == 2 ? "int4" : "int8");
                _experts += count;
                _activeExperts += count * Math.Min(1.0, node.Int("k", 1) / (double)tensor.Shape[0]);
            }
        }

        int[] biases = node.Op == "MoE" ? [3, 5, 7] : [4, 7, 10];
        foreach (int index in biases)
        {
            if (Weight(graph, node.Input(index)) is OnnxTensor tensor && tensor.Elements > 0 && tensor.Shape is [> 0, ..])
            {
                _experts += tensor.Elements;
                _activeExperts += tensor.Elements * Math.Min(1.0, node.Int("k", 1) / (double)tensor.Shape[0]);
            }
        }

        if (node.Op == "QMoE")
        {
            Ignore(node, 3, 6, 9, 11, 12, 13);
        }
    }

    [GeneratedRegex(@"experts[./_]\d+[./_]", RegexOptions.CultureInvariant)]
    private static partial Regex ExpertName();

    private static long Checked(long k, long n) => k is > 0 and <= int.MaxValue && n is > 0 and <= int.MaxValue ? k * n : 0;

    private static string Name(OnnxType type) => type switch { OnnxType.Float16 => "fp16", OnnxType.BFloat16 => "bf16", OnnxType.Float => "fp32", _ => "fp64" };

    private OnnxTensor? Weight(OnnxGraph graph, string name) =>
        graph.Weights.GetValueOrDefault(name) ?? _file.Graph.Weights.GetValueOrDefault(name);

    private void Product(string name, long count, string precision)
    {
        if (name.Length > 0 && (_counted.TryAdd(name, count) || !_products.Contains(name)) && _products.Add(name))
        {
            _byPrecision[precision] = _byPrecision.GetValueOrDefault(precision) + count;
        }
    }

    private void Ignore(OnnxNode node, params ReadOnlySpan<int> inputs)
    {
        foreach (int index in inputs)
        {
            _ignored.Add(node.Input(index));
        }
    }
}
