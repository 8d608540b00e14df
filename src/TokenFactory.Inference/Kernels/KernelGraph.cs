using System.Globalization;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;

namespace TokenFactory.Inference.Kernels;

/// <summary>Rewrites a graph so that our kernels compute its products with 4-bit weights, and names its weights' files where links lead to them.</summary>
/// <remarks>Weights stay where they are: those inside the file become references to their place in it, so that they are mapped and not copied.</remarks>
internal sealed class KernelGraph
{
    private const long ReadBudget = 256L << 20;
    private const long LargestInline = 4096;

    // Field numbers of onnx/onnx.proto.
    private const int ModelGraph = 7, ModelOpset = 8, GraphNode = 1, GraphWeight = 5;
    private const int TensorRaw = 9, TensorExternal = 13, TensorLocation = 14;

    private readonly FileStream _stream;
    private readonly ProductPlan? _plan;
    private readonly WeightLinks _links;
    private int _node;

    private KernelGraph(FileStream stream, ProductPlan? plan, WeightLinks links)
    {
        _stream = stream;
        _plan = plan;
        _links = links;
    }

    /// <summary>Rewrites a graph.</summary>
    /// <param name="path">Full path of its file, which <see cref="ModelGuard"/> let pass.</param>
    /// <param name="threads">Threads of the session.</param>
    /// <param name="kernels">False to hand over no products, and to follow links alone.</param>
    /// <returns>Null where the file can be loaded as it is: there is no product for our kernels, and no weight is a link.</returns>
    public static RewrittenGraph? Rewrite(string path, int threads, bool kernels = true)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1);
        OnnxFile file = OnnxReader.Read(stream);
        if (file.Graph.Replaced.Count > 0 || WeightLinks.Follow(path, file) is not { } links || (links.Lead && HasInnerLocations(file)))
        {
            return null;
        }

        ProductPlan? plan = kernels ? new ProductPlan(file.Graph, threads) : null;
        return plan is { Products: > 0 } ? new RewrittenGraph(new KernelGraph(stream, plan, links).Model(), links.Folder, plan.Products, plan.OtherProducts)
            : links.Lead ? new RewrittenGraph(new KernelGraph(stream, null, links).Model(), links.Folder, 0, 1)
            : null;
    }

    // Weights of subgraphs and functions are copied as they are.
    private static bool HasInnerLocations(OnnxFile file) => file.AllTensors().Except(file.Graph.Weights.Values, ReferenceEqualityComparer.Instance).Cast<OnnxTensor>().Any(t => t.Location is not null);

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
        if (_plan is not null)
        {
            model.Message(ModelOpset, new ProtoWriter().Text(1, Int4Operator.Domain).Int(2, 1));
        }

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
                case GraphNode when _plan is not null && _plan.Replacements.TryGetValue(_node++, out ProtoWriter? replacement):
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
            if (field == TensorExternal)
            {
                weight.Message(TensorExternal, Renamed(reader));
                return true;
            }

            if (field != TensorRaw)
            {
                return false;
            }

            long raw = reader.Skip();
            if (raw <= LargestInline || _links.GraphName is null)
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
            weight.Message(TensorExternal, Entry("location", _links.GraphName!));
            weight.Message(TensorExternal, Entry("offset", offset.ToString(CultureInfo.InvariantCulture)));
            weight.Message(TensorExternal, Entry("length", length.ToString(CultureInfo.InvariantCulture)));
            weight.Int(TensorLocation, 1);
        }

        return weight;
    }

    private ProtoWriter Renamed(ProtoReader reader)
    {
        (string key, string value) = OnnxReader.Entry(reader);
        return Entry(key, key == "location" ? _links.Names.GetValueOrDefault(value, value) : value);
    }

    private static ProtoWriter Entry(string key, string value) => new ProtoWriter().Text(1, key).Text(2, value);

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
