using System.Buffers.Binary;

namespace TokenFactory.Fuzz;

/// <summary>Mutates a graph by what its parts mean: types, shapes, attributes, wiring, constants, external data, nested graphs, functions.</summary>
/// <remarks>The file stays well-formed protobuf, so that what is tried is not the reader's care but what a graph may say.</remarks>
public sealed class GraphMutator(int seed)
{
    private const int Node = 1, Weight = 5, Input = 11, Output = 12;

    private static readonly long[] s_numbers = [0, 1, -1, 2, 3, 7, 32, 33, 64, 255, 4096, 1 << 20, int.MaxValue, 1L << 31, 1L << 33, 1L << 40, 1L << 62, long.MaxValue, long.MinValue, -2, int.MinValue];

    private static readonly string[] s_ops =
    [
        "ConstantOfShape", "Expand", "Tile", "Range", "Pad", "Resize", "Reshape", "Loop", "Scan", "If", "Einsum", "Gather", "GatherND", "GatherElements", "ScatterND", "ScatterElements", "OneHot", "TopK", "Slice",
        "Split", "Concat", "NonZero", "Unique", "CumSum", "Conv", "ConvTranspose", "MaxPool", "MaxUnpool", "LSTM", "GRU", "NonMaxSuppression", "RoiAlign", "StringNormalizer", "TfIdfVectorizer", "RegexFullMatch",
        "StringSplit", "ImageDecoder", "DFT", "STFT", "MelWeightMatrix", "HannWindow", "Optional", "SequenceAt", "SequenceInsert", "SplitToSequence", "ConcatFromSequence", "QuantizeLinear", "DequantizeLinear",
        "MatMulInteger", "BitShift", "Trilu", "EyeLike", "Bernoulli", "Multinomial", "RandomNormalLike", "Identity", "Cast", "CastLike", "Compress", "ReverseSequence", "SpaceToDepth", "DepthToSpace", "GridSample", "Shape", "Size",
        "GroupQueryAttention", "MatMulNBits", "MoE", "QMoE", "RotaryEmbedding", "SkipSimplifiedLayerNormalization", "SimplifiedLayerNormalization", "GatherBlockQuantized", "Attention", "MultiHeadAttention",
        "BeamSearch", "GreedySearch", "Sampling", "CropAndResize", "WordConvEmbedding", "Tokenizer", "ExpandDims", "Pad", "Unique", "BifurcationDetector", "PackedAttention", "SparseAttention", "PagedAttention", "QAttention", "DequantizeBFP",
        "EPContext", "Inverse", "GridSample", "MurmurHash3", "NGramRepeatBlock", "LinearAttention", "CausalConvWithState", "TensorScatter", "RMSNormalization", "Swish",
    ];

    private readonly Random _random = new(seed);

    /// <summary>A mutated copy of a file.</summary>
    /// <param name="file">The graph.</param>
    /// <param name="graphName">Its file's name, which external data may name.</param>
    public byte[] Mutate(byte[] file, string graphName)
    {
        List<WireField> model = Wire.Parse(file);
        for (int i = _random.Next(1, 3); i > 0; i--)
        {
            int at = model.FindIndex(f => f.Number == 7);
            Change(model, model[at].Children!, graphName);
        }

        return Wire.Write(model);
    }

    private void Change(List<WireField> model, List<WireField> graph, string graphName)
    {
        switch (_random.Next(20))
        {
            case 0:
                ValueType(graph);
                break;
            case 1 or 2:
                ValueShape(graph);
                break;
            case 3 or 4:
                WeightShape(graph);
                break;
            case 5 or 6 or 7:
                Attribute(graph);
                break;
            case 8 or 9:
                Wiring(graph);
                break;
            case 10 or 11 or 12:
                Constants(graph);
                break;
            case 13:
                ExternalData.Add(Pick(graph, Weight), _random, graphName);
                break;
            case 14:
                Operator(graph);
                break;
            case 15:
                Nest(graph);
                break;
            case 16:
                Functions.Add(model, graph, _random);
                break;
            case 17:
                Versions(model);
                break;
            case 18:
                Bombs.Add(graph, _random);
                break;
            default:
                Twice(model, graph);
                break;
        }
    }

    private long Number() => s_numbers[_random.Next(s_numbers.Length)];

    private List<WireField> Pick(List<WireField> message, int number)
    {
        WireField[] found = [.. message.Where(f => f.Number == number && f.Children is not null)];
        return found.Length == 0 ? [] : found[_random.Next(found.Length)].Children!;
    }

    private static List<WireField>? Inside(List<WireField>? message, int number) => message?.Find(f => f.Number == number)?.Children;

    private static void Set(List<WireField> message, WireField field)
    {
        int at = message.FindIndex(f => f.Number == field.Number);
        if (at < 0)
        {
            message.Add(field);
        }
        else
        {
            message[at] = field;
        }
    }

    private void ValueType(List<WireField> graph)
    {
        if (_random.Next(2) == 0)
        {
            Set(Pick(graph, Weight), WireField.Of(2, _random.Next(28)));
        }
        else if (Inside(Inside(Pick(graph, _random.Next(2) == 0 ? Input : Output), 2), 1) is { } tensor)
        {
            Set(tensor, WireField.Of(1, _random.Next(28)));
        }
    }

    private void ValueShape(List<WireField> graph)
    {
        if (Inside(Inside(Inside(Pick(graph, _random.Next(3) == 0 ? Output : Input), 2), 1), 2) is not { } shape)
        {
            return;
        }

        switch (_random.Next(4))
        {
            case 0:
                shape.Add(WireField.Of(1, [WireField.Of(1, Number())]));
                break;
            case 1 when shape.Count > 0:
                shape.RemoveAt(_random.Next(shape.Count));
                break;
            case 2:
                shape.Clear();
                break;
            default:
                if (shape.Count > 0)
                {
                    shape[_random.Next(shape.Count)] = WireField.Of(1, [WireField.Of(1, Number())]);
                }

                break;
        }
    }

    private void WeightShape(List<WireField> graph)
    {
        List<WireField> weight = Pick(graph, Weight);
        List<int> dimensions = [.. Enumerable.Range(0, weight.Count).Where(i => weight[i].Number == 1 && weight[i].WireType == 0)];
        if (dimensions.Count == 0)
        {
            weight.Insert(0, WireField.Of(1, Number()));
            return;
        }

        int first = dimensions[0], last = dimensions[^1];
        switch (_random.Next(6))
        {
            case 0:
                (weight[first], weight[last]) = (weight[last], weight[first]);
                break;
            case 1 when weight[first].Value % 2 == 0:
                weight[first] = weight[first] with { Value = weight[first].Value / 2 };
                weight.Insert(last + 1, WireField.Of(1, 2));
                break;
            case 2 when weight[last].Value % 2 == 0 && first != last:
                weight[first] = weight[first] with { Value = weight[first].Value * 2 };
                weight[last] = weight[last] with { Value = weight[last].Value / 2 };
                break;
            case 3:
                weight[first] = WireField.Of(1, 1L << 40);
                weight.Insert(0, WireField.Of(1, 0));
                break;
            case 4:
                // The bytes shrink with the shape: the weight is whole, but not what its user expects.
                ulong rows = weight[first].Value;
                int raw = weight.FindIndex(f => f.Number == 9);
                if (raw >= 0 && rows > 1 && weight[raw].Bytes is { } bytes)
                {
                    weight[first] = weight[first] with { Value = 1 };
                    weight[raw] = weight[raw] with { Bytes = bytes[..(bytes.Length / (int)rows)] };
                }

                break;
            default:
                weight[dimensions[_random.Next(dimensions.Count)]] = WireField.Of(1, Number());
                break;
        }
    }

    private void Attribute(List<WireField> graph)
    {
        List<WireField> node = Pick(graph, Node);
        int[] attributes = [.. Enumerable.Range(0, node.Count).Where(i => node[i].Number == 5 && node[i].Children is not null)];
        if (attributes.Length == 0)
        {
            node.Add(WireField.Of(5, [WireField.Of(1, "axis"), WireField.Of(3, Number()), WireField.Of(20, 2)]));
            return;
        }

        int at = attributes[_random.Next(attributes.Length)];
        List<WireField> attribute = node[at].Children!;
        switch (_random.Next(6))
        {
            case 0:
                node.RemoveAt(at);
                break;
            case 1:
                Set(attribute, WireField.Of(20, _random.Next(16)));
                break;
            case 2 when attribute.Exists(f => f.Number == 2 && f.WireType == 5):
                byte[] value = new byte[4];
                float[] floats = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, 0, -1, 1e38f];
                BinaryPrimitives.WriteSingleLittleEndian(value, floats[_random.Next(floats.Length)]);
                Set(attribute, new WireField(2, 5, 0, value, null));
                break;
            case 3:
                attribute.Add(WireField.Of(8, Number()));
                break;
            default:
                Set(attribute, attribute.Exists(f => f.Number == 3) || _random.Next(4) == 0 ? WireField.Of(3, Number()) : WireField.Of(4, new string('x', _random.Next(100))));
                break;
        }
    }

    private void Wiring(List<WireField> graph)
    {
        List<WireField> node = Pick(graph, Node), other = Pick(graph, Node);
        int[] inputs = [.. Enumerable.Range(0, node.Count).Where(i => node[i].Number == 1)];
        string? Name(List<WireField> message, int number) => message.Find(f => f.Number == number)?.Text;
        switch (_random.Next(8))
        {
            case 0:
                graph.Remove(graph.Find(f => f.Number == Weight && f.Children == Pick(graph, Weight))!);
                graph.RemoveAt(graph.FindIndex(f => f.Number == Weight) is int w && w >= 0 ? w : 0);
                break;
            case 1 when inputs.Length > 0:
                node[inputs[_random.Next(inputs.Length)]] = WireField.Of(1, "");
                break;
            case 2 when inputs.Length > 0:
                // Often a cycle.
                node[inputs[_random.Next(inputs.Length)]] = WireField.Of(1, Name(other, 2) ?? "");
                break;
            case 3 when inputs.Length > 0:
                node[inputs[_random.Next(inputs.Length)]] = WireField.Of(1, Name(node, 2) ?? "");
                break;
            case 4 when inputs.Length > 1:
                (node[inputs[0]], node[inputs[^1]]) = (node[inputs[^1]], node[inputs[0]]);
                break;
            case 5:
                node.Insert(0, WireField.Of(2, Name(other, 2) ?? "x"));
                break;
            case 6:
                int at = node.FindIndex(f => f.Number == 2);
                if (at >= 0)
                {
                    node[at] = WireField.Of(2, Name(Pick(graph, Weight), 8) ?? "input_ids");
                }

                break;
            default:
                for (int i = _random.Next(1, 40); i > 0; i--)
                {
                    node.Add(WireField.Of(1, Name(Pick(graph, Weight), 8) ?? ""));
                }

                break;
        }
    }

    // Small integer weights are the arguments of Reshape, Slice, Gather and the like.
    private void Constants(List<WireField> graph)
    {
        List<(List<WireField> Message, int Index)> places = [];
        Wire.Collect(graph, places);
        List<WireField>[] integers = [.. places.Select(p => p.Message[p.Index]).Where(f => f.Children is { } c && c.Exists(x => x is { Number: 2, WireType: 0, Value: 6 or 7 }) && c.Exists(x => x is { Number: 9, Bytes.Length: > 0 and <= 64 })).Select(f => f.Children!)];
        if (integers.Length == 0)
        {
            Bombs.Add(graph, _random);
            return;
        }

        List<WireField> chosen = integers[_random.Next(integers.Length)];
        int raw = chosen.FindIndex(f => f.Number == 9);
        byte[] bytes = (byte[])chosen[raw].Bytes!.Clone();
        if (chosen.Exists(f => f is { Number: 2, Value: 7 }) && bytes.Length % 8 == 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8 * _random.Next(bytes.Length / 8)), Number());
        }
        else if (bytes.Length % 4 == 0)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4 * _random.Next(bytes.Length / 4)), unchecked((int)Number()));
        }

        chosen[raw] = chosen[raw] with { Bytes = bytes };
    }

    private void Operator(List<WireField> graph)
    {
        List<WireField> node = Pick(graph, Node);
        Set(node, WireField.Of(4, s_ops[_random.Next(s_ops.Length)]));
        Set(node, WireField.Of(7, _random.Next(2) == 0 ? "" : "com.microsoft"));
    }

    // A node goes into the branches of an If, and that If into another, many times.
    private void Nest(List<WireField> graph)
    {
        int at = graph.FindIndex(f => f.Number == Node);
        if (at < 0 || graph[at].Children!.Find(f => f.Number == 2) is not { } output)
        {
            return;
        }

        graph.Add(WireField.Of(Weight, [WireField.Of(2, 9), WireField.Of(8, "always"), WireField.Of(9, [1])]));
        WireField inner = graph[at];
        bool heavy = Wire.Write([graph[at]]).Length > 2000;
        int levels = heavy ? 2 : _random.Next(3) == 0 ? _random.Next(200) : _random.Next(1, 10);
        for (int depth = levels; depth > 0; depth--)
        {
            WireField Branch() => WireField.Of(6, [inner.Copy() with { Number = 1 }, WireField.Of(2, "b"), WireField.Of(Output, [WireField.Of(1, output.Text)])]);
            inner = WireField.Of(Node, [WireField.Of(1, "always"), WireField.Of(2, output.Text), WireField.Of(4, "If"),
                WireField.Of(5, [WireField.Of(1, "then_branch"), Branch(), WireField.Of(20, 5)]),
                WireField.Of(5, [WireField.Of(1, "else_branch"), levels > 9 ? WireField.Of(6, [WireField.Of(2, "e")]) : Branch(), WireField.Of(20, 5)])]);
        }

        graph[at] = inner;
    }

    private void Versions(List<WireField> model)
    {
        switch (_random.Next(4))
        {
            case 0:
                Set(model, WireField.Of(1, Number()));
                break;
            case 1:
                model.RemoveAll(f => f.Number == 8);
                break;
            case 2:
                model.Add(WireField.Of(8, [WireField.Of(1, s_ops[_random.Next(s_ops.Length)]), WireField.Of(2, Number())]));
                break;
            default:
                Set(Pick(model, 8), WireField.Of(2, _random.Next(2) == 0 ? _random.Next(30) : Number()));
                break;
        }
    }

    private void Twice(List<WireField> model, List<WireField> graph)
    {
        switch (_random.Next(4))
        {
            case 0:
                model.Add(WireField.Of(7, [WireField.Of(Weight, [WireField.Of(1, 4), WireField.Of(2, 1), WireField.Of(8, "hidden"), WireField.Of(13, [WireField.Of(1, "location"), WireField.Of(2, "../outside.bin")]), WireField.Of(14, 1)])]));
                break;
            case 1:
                model.Insert(0, model.Find(f => f.Number == 7)!.Copy());
                break;
            case 2:
                List<WireField> weight = Pick(graph, Weight);
                graph.Insert(0, WireField.Of(Weight, [.. weight.Where(f => f.Number != 9).Select(f => f.Copy()), WireField.Of(13, [WireField.Of(1, "location"), WireField.Of(2, "../outside.bin")]), WireField.Of(14, 1)]));
                break;
            default:
                List<WireField> node = Pick(graph, Node);
                node.AddRange([.. node.Where(f => f.Number == 5).Select(f => f.Copy())]);
                break;
        }

    }
}
