using System.Globalization;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;

namespace TokenFactory.Inference.Kernels;

/// <summary>Rewrites a graph so that our kernels compute its products with 4-bit weights.</summary>
/// <remarks>Weights stay where they are: those inside the file become references to their place in it, so that they are mapped and not copied.</remarks>
internal sealed class KernelGraph
{
    private const long ReadBudget = 256L << 20;
    private const long LargestInline = 4096;

    // Field numbers of onnx/onnx.proto.
    private const int ModelGraph = 7, ModelOpset = 8, GraphNode = 1, GraphWeight = 5, NodeOp = 4, NodeDomain = 7;
    private const int TensorRaw = 9, TensorExternal = 13, TensorLocation = 14;

    private readonly FileStream _stream;
    private readonly OnnxGraph _graph;
    private readonly string _name;
    private int _node;

    private KernelGraph(FileStream stream, OnnxGraph graph, string name)
    {
        _stream = stream;
        _graph = graph;
        _name = name;
    }

    /// <summary>Products that were handed over.</summary>
    public int Products { get; private set; }

    /// <summary>Rewrites a graph.</summary>
    /// <param name="path">Full path of its file, which <see cref="ModelGuard"/> let pass.</param>
    /// <param name="products">Products that were handed over.</param>
    /// <returns>The new graph, whose external weights are named relative to the file's folder; null where there is no product for our kernels.</returns>
    public static byte[]? Rewrite(string path, out int products)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1);
        OnnxGraph graph = OnnxReader.Read(stream).Graph;
        products = 0;
        if (!graph.Nodes.Any(n => IsOurs(n, graph)))
        {
            return null;
        }

        var rewriter = new KernelGraph(stream, graph, Path.GetFileName(path));
        byte[] bytes = rewriter.Model();
        products = rewriter.Products;
        return bytes;
    }

    /// <summary>True for a product that our kernel computes as the graph asks: 8-bit activations, constant weights of the sizes that its attributes say.</summary>
    private static bool IsOurs(OnnxNode node, OnnxGraph graph)
    {
        if (!node.IsMicrosoft(OnnxOps.MatMulNBits) || node.Int("bits", 4) != 4 || node.Int("accuracy_level") != 4 || node.Input(4).Length > 0 || node.Outputs.Count != 1)
        {
            return false;
        }

        long inner = node.Int("K"), outer = node.Int("N"), blockSize = node.Int("block_size");
        if (inner is <= 0 or > int.MaxValue || outer is <= 0 or > int.MaxValue || blockSize is <= 0 or > int.MaxValue
            || !Int4MatrixKernel.CanRun((int)inner, (int)outer, (int)blockSize))
        {
            return false;
        }

        long blocks = inner / blockSize;
        return Has(1, OnnxType.UInt8, outer * blocks * blockSize / 2)
            && Has(2, OnnxType.Float, outer * blocks)
            && (node.Input(3).Length == 0 || Has(3, OnnxType.UInt8, outer * ((blocks + 1) / 2)))
            && (node.Input(5).Length == 0 || Has(5, OnnxType.Float, outer));

        bool Has(int input, OnnxType type, long elements) =>
            graph.Weights.TryGetValue(node.Input(input), out OnnxTensor? weight) && weight.Type == type && weight.Elements == elements;
    }

    private byte[] Model()
    {
        var reader = new ProtoReader(_stream, ReadBudget);
        var model = new ProtoWriter();
        Copy(reader, model, field =>
        {
            if (field != ModelGraph)
            {
                return false;
            }

            model.Message(ModelGraph, Graph(reader));
            return true;
        });
        model.Message(ModelOpset, new ProtoWriter().Text(1, Int4Operator.Domain).Int(2, 1));
        return model.Written.ToArray();
    }

    private ProtoWriter Graph(ProtoReader reader)
    {
        var graph = new ProtoWriter();
        long outer = reader.Enter();
        Copy(reader, graph, field =>
        {
            switch (field)
            {
                case GraphNode when IsOurs(_graph.Nodes[_node++], _graph):
                    Products++;
                    graph.Message(GraphNode, Node(reader));
                    return true;
                case GraphWeight:
                    graph.Message(GraphWeight, Weight(reader));
                    return true;
                default:
                    return false;
            }
        });
        reader.Leave(outer);
        return graph;
    }

    private ProtoWriter Node(ProtoReader reader)
    {
        var node = new ProtoWriter();
        long outer = reader.Enter();
        Copy(reader, node, field =>
        {
            if (field is not (NodeOp or NodeDomain))
            {
                return false;
            }

            reader.Skip();
            return true;
        });
        reader.Leave(outer);
        return node.Text(NodeOp, Int4Operator.Name).Text(NodeDomain, Int4Operator.Domain);
    }

    private ProtoWriter Weight(ProtoReader reader)
    {
        var weight = new ProtoWriter();
        long offset = 0, length = 0;
        bool external = false;
        long outer = reader.Enter();
        Copy(reader, weight, field =>
        {
            external |= field is TensorExternal or TensorLocation;
            if (field != TensorRaw)
            {
                return false;
            }

            long raw = reader.Skip();
            if (raw <= LargestInline)
            {
                weight.Bytes(TensorRaw, Read(reader.Position - raw, raw));
            }
            else
            {
                offset = reader.Position - raw;
                length = raw;
            }

            return true;
        });
        reader.Leave(outer);
        if (length > 0 && !external)
        {
            weight.Message(TensorExternal, Entry("location", _name));
            weight.Message(TensorExternal, Entry("offset", offset.ToString(CultureInfo.InvariantCulture)));
            weight.Message(TensorExternal, Entry("length", length.ToString(CultureInfo.InvariantCulture)));
            weight.Int(TensorLocation, 1);
        }

        return weight;

        static ProtoWriter Entry(string key, string value) => new ProtoWriter().Text(1, key).Text(2, value);
    }

    // Copies a message's fields as they are, those that the caller takes excepted.
    private void Copy(ProtoReader reader, ProtoWriter writer, Func<int, bool> taken)
    {
        while (true)
        {
            long start = reader.Position;
            int field = reader.Next();
            if (field == 0)
            {
                return;
            }

            if (!taken(field))
            {
                reader.Skip();
                writer.Raw(Read(start, reader.Position - start));
            }
        }
    }

    private byte[] Read(long offset, long length)
    {
        byte[] bytes = new byte[length];
        int read = 0;
        while (read < bytes.Length)
        {
            int count = RandomAccess.Read(_stream.SafeFileHandle, bytes.AsSpan(read), offset + read);
            read += count > 0 ? count : throw new InvalidDataException("the file became shorter while it was read");
        }

        return bytes;
    }
}
