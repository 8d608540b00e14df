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
    private const int ModelGraph = 7, ModelOpset = 8, GraphNode = 1, GraphWeight = 5;
    private const int TensorRaw = 9, TensorExternal = 13, TensorLocation = 14;

    private readonly FileStream _stream;
    private readonly ProductPlan _plan;
    private readonly string _name;
    private int _node;

    private KernelGraph(FileStream stream, ProductPlan plan, string name)
    {
        _stream = stream;
        _plan = plan;
        _name = name;
    }

    /// <summary>Rewrites a graph.</summary>
    /// <param name="path">Full path of its file, which <see cref="ModelGuard"/> let pass.</param>
    /// <param name="threads">Threads of the session.</param>
    /// <returns>
    /// The new graph, whose external weights are named relative to the file's folder, the products that were handed over, and the products with integer
    /// weights that were not; null where there is no product for our kernels.
    /// </returns>
    public static (byte[] Model, int Products, int OtherProducts)? Rewrite(string path, int threads)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1);
        OnnxGraph graph = OnnxReader.Read(stream).Graph;
        var plan = new ProductPlan(graph, threads);
        return plan.Products == 0 || graph.Replaced.Count > 0 ? null : (new KernelGraph(stream, plan, Path.GetFileName(path)).Model(), plan.Products, plan.OtherProducts);
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
                case GraphNode when _plan.Replacements.TryGetValue(_node++, out ProtoWriter? replacement):
                    reader.Skip();
                    if (replacement is not null)
                    {
                        graph.Message(GraphNode, replacement);
                    }

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
