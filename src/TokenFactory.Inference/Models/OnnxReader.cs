using System.Globalization;
using TokenFactory.Inference.Onnx;

namespace TokenFactory.Inference.Models;

/// <summary>Reads an <c>.onnx</c> file's graph and passes over its weights.</summary>
/// <remarks>Field numbers are those of onnx/onnx.proto. Time and memory are bounded whatever the file holds.</remarks>
internal static partial class OnnxReader
{
    private const long Budget = 256L << 20;
    private const int MaximumRank = 64;
    private const int MaximumAttributeInts = 1 << 20;
    private const int MaximumKept = 4096;
    private const int MaximumDepth = 16;

    /// <summary>Reads a file.</summary>
    /// <param name="path">Full path.</param>
    /// <exception cref="InvalidDataException">The file is torn or malformed.</exception>
    public static OnnxFile Read(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1);
        return Read(stream);
    }

    /// <summary>Reads a stream.</summary>
    public static OnnxFile Read(Stream stream)
    {
        var reader = new ProtoReader(stream, Budget);
        var file = new OnnxFile();
        for (int field = reader.Next(); field != 0; field = reader.Next())
        {
            switch (field)
            {
                case 1:
                    file.IrVersion = reader.Int();
                    break;
                case 2:
                    file.Producer = reader.Text();
                    break;
                case 7:
                    // Protobuf would join them: what is checked must be what is loaded.
                    file.Graph = file.HasGraph ? throw reader.Malformed("it holds two graphs") : Graph(reader, 0);
                    file.HasGraph = true;
                    break;
                case 8:
                    (string domain, long version) = Opset(reader);
                    file.Opsets[domain] = version;
                    break;
                case 14:
                    (string key, string value) = Entry(reader);
                    file.Metadata[key] = value;
                    break;
                case 25:
                    file.Functions.Add(Function(reader));
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return file.HasGraph ? file : throw reader.Malformed("it holds no graph");
    }

    private static OnnxGraph Graph(ProtoReader reader, int depth)
    {
        if (depth > MaximumDepth)
        {
            throw reader.Malformed("graphs are nested too deep");
        }

        long outer = reader.Enter();
        var graph = new OnnxGraph();
        for (int field = reader.Next(); field != 0; field = reader.Next())
        {
            switch (field)
            {
                case 1:
                    reader.Charge(256);
                    graph.Nodes.Add(Node(reader, depth));
                    break;
                case 5:
                    OnnxTensor tensor = Tensor(reader);
                    if (graph.Weights.Remove(tensor.Name, out OnnxTensor? earlier))
                    {
                        graph.Replaced.Add(earlier);
                    }

                    graph.Weights[tensor.Name] = tensor;
                    break;
                case 11:
                    graph.Inputs.Add(Value(reader));
                    break;
                case 12:
                    graph.Outputs.Add(Value(reader));
                    break;
                case 15:
                    graph.HasSparse = true;
                    reader.Skip();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        reader.Leave(outer);
        return graph;
    }

    private static OnnxFunction Function(ProtoReader reader)
    {
        long outer = reader.Enter();
        reader.Charge(256);
        string name = "", domain = "";
        var body = new OnnxGraph();
        for (int field = reader.Next(); field != 0; field = reader.Next())
        {
            switch (field)
            {
                case 1:
                    name = reader.Text();
                    break;
                case 7:
                    reader.Charge(256);
                    body.Nodes.Add(Node(reader, 1));
                    break;
                case 10:
                    domain = reader.Text();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        reader.Leave(outer);
        return new OnnxFunction(domain, name, body);
    }

    private static OnnxNode Node(ProtoReader reader, int depth)
    {
        long outer = reader.Enter();
        var node = new OnnxNode();
        for (int field = reader.Next(); field != 0; field = reader.Next())
        {
            switch (field)
            {
                case 1:
                    node.Inputs.Add(reader.Text());
                    break;
                case 2:
                    node.Outputs.Add(reader.Text());
                    break;
                case 3:
                    node.Name = reader.Text();
                    break;
                case 4:
                    node.Op = reader.Text();
                    break;
                case 5:
                    reader.Charge(128);
                    OnnxAttribute attribute = Attribute(reader, depth);
                    if (!node.Attributes.TryAdd(attribute.Name, attribute))
                    {
                        throw reader.Malformed("a node has an attribute twice");
                    }

                    break;
                case 7:
                    node.Domain = reader.Text();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        reader.Leave(outer);
        return node;
    }

    private static OnnxAttribute Attribute(ProtoReader reader, int depth)
    {
        long outer = reader.Enter();
        var attribute = new OnnxAttribute();
        for (int field = reader.Next(); field != 0; field = reader.Next())
        {
            switch (field)
            {
                case 1:
                    attribute.Name = reader.Text();
                    break;
                case 2:
                    attribute.Float = reader.Float();
                    break;
                case 3:
                    attribute.Int = reader.Int();
                    break;
                case 4:
                    attribute.Text = reader.TextIfShort();
                    break;
                case 5 or 10:
                    attribute.Tensors.Add(Tensor(reader));
                    break;
                case 6 or 11:
                    attribute.Graphs.Add(Graph(reader, depth + 1));
                    break;
                case 8:
                    reader.Ints(attribute.Ints, MaximumAttributeInts);
                    break;
                case 22 or 23:
                    attribute.IsSparse = true;
                    reader.Skip();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        reader.Leave(outer);
        return attribute;
    }

    private static OnnxTensor Tensor(ProtoReader reader)
    {
        long outer = reader.Enter();
        reader.Charge(256);
        var tensor = new OnnxTensor();
        for (int field = reader.Next(); field != 0; field = reader.Next())
        {
            switch (field)
            {
                case 1:
                    reader.Ints(tensor.Shape, MaximumRank);
                    break;
                case 2:
                    tensor.Type = (OnnxType)reader.Int();
                    break;
                case 5 or 7 when tensor.Ints.Count < MaximumKept && tensor.Elements is >= 0 and <= MaximumKept:
                    tensor.HasTypedData = true;
                    reader.Ints(tensor.Ints, MaximumKept);
                    break;
                case 4 or 5 or 6 or 7 or 10 or 11:
                    tensor.HasTypedData = true;
                    reader.Skip();
                    break;
                case 8:
                    tensor.Name = reader.Text();
                    break;
                case 9:
                    tensor.Raw = reader.BytesIfFew(MaximumKept, out long rawLength);
                    tensor.RawLength = rawLength;
                    tensor.RawOffset = reader.Position - rawLength;
                    break;
                case 13:
                    (string key, string value) = Entry(reader);
                    External(reader, tensor, key, value);
                    break;
                case 14:
                    tensor.IsExternal = reader.Int() == 1;
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        reader.Leave(outer);
        return tensor;
    }

    private static void External(ProtoReader reader, OnnxTensor tensor, string key, string value)
    {
        switch (key)
        {
            case "location":
                tensor.Location = value;
                break;
            case "offset":
                tensor.Offset = Number(reader, value);
                break;
            case "length":
                tensor.Length = Number(reader, value);
                break;
        }
    }

    private static long Number(ProtoReader reader, string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
            : throw reader.Malformed($"'{(text.Length > 40 ? text[..40] : text)}' is no position in an external file");

    /// <summary>Reads an entry of a list of texts by name, such as where a weight's data is.</summary>
    internal static (string Key, string Value) Entry(ProtoReader reader)
    {
        long outer = reader.Enter();
        string key = "", value = "";
        for (int field = reader.Next(); field != 0; field = reader.Next())
        {
            switch (field)
            {
                case 1:
                    key = reader.Text();
                    break;
                case 2:
                    value = reader.TextIfShort();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        reader.Leave(outer);
        return (key, value);
    }
}
