using System.Globalization;
using System.Runtime.InteropServices;

namespace TokenFactory.Inference.Onnx;

/// <summary>Collects a graph's nodes and streams its large weights to one external data file.</summary>
/// <remarks>
/// Field numbers are those of onnx/onnx.proto. Weights of 1 KiB and more go to the data file, each at a multiple of 4 KiB when it is
/// 64 KiB or larger so that a runtime can map it; smaller ones stay in the graph file. Nothing large is held in memory.
/// </remarks>
internal sealed class GraphWriter
{
    private const int AlignFrom = 65536;
    private const int Page = 4096;
    private const long IrVersion = 10;
    private const int FloatAttribute = 1;
    private const int IntAttribute = 2;
    private const int TextAttribute = 3;
    private const int FloatsAttribute = 6;
    private const int IntsAttribute = 7;
    private const int GraphAttribute = 5;

    private static readonly byte[] s_padding = new byte[Page];

    private readonly Stack<List<ProtoWriter>> _nodes = new([[]]);
    private readonly List<ProtoWriter> _weights = [];
    private readonly List<ProtoWriter> _inputs = [];
    private readonly List<ProtoWriter> _outputs = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly Stream _data;
    private readonly string _dataName;
    private long _position;

    /// <summary>Begins a graph.</summary>
    /// <param name="data">Stream of the external data file; the caller owns it.</param>
    /// <param name="dataName">The data file's name as the graph will say it.</param>
    public GraphWriter(Stream data, string dataName)
    {
        _data = data;
        _dataName = dataName;
    }

    /// <summary>Weights of fewer bytes are written into the graph's own file.</summary>
    public int InlineBelow { get; init; } = 1024;

    /// <summary>Version of the standard operators.</summary>
    public int Opset { get; init; } = 21;

    /// <summary>Adds a node; an output named <c>""</c> is absent.</summary>
    public void Node(string op, string[] inputs, string[] outputs, string domain = "", params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        var node = new ProtoWriter();
        foreach (string input in inputs)
        {
            node.Text(1, input);
        }

        foreach (string output in outputs)
        {
            node.Text(2, output);
        }

        node.Text(3, $"{outputs[0]}/{op}").Text(4, op);
        foreach ((string name, object value) in attributes)
        {
            node.Message(5, Attribute(name, value));
        }

        if (domain.Length > 0)
        {
            node.Text(7, domain);
        }

        _nodes.Peek().Add(node);
    }

    /// <summary>Adds a node with one output and returns the output's name.</summary>
    public string Op(string op, string output, string[] inputs, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        Node(op, inputs, [output], "", attributes);
        return output;
    }

    /// <summary>Adds a weight whose bytes are at hand; a name that exists already is not written again.</summary>
    public string Weight(string name, OnnxType type, ReadOnlySpan<long> shape, ReadOnlySpan<byte> bytes)
    {
        if (!_names.Add(name))
        {
            return name;
        }

        ProtoWriter tensor = Tensor(name, type, shape);
        if (bytes.Length < InlineBelow)
        {
            tensor.Bytes(9, bytes);
        }
        else
        {
            Align(bytes.Length);
            External(tensor, bytes.Length);
            _data.Write(bytes);
        }

        _weights.Add(tensor);
        return name;
    }

    /// <summary>Adds a weight that is produced in pieces; returns false when the name exists already.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">Its element type.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="length">Its bytes in total.</param>
    /// <param name="write">Writes exactly <paramref name="length"/> bytes.</param>
    public bool StreamedWeight(string name, OnnxType type, ReadOnlySpan<long> shape, long length, Action<Stream> write)
    {
        if (!_names.Add(name))
        {
            return false;
        }

        ProtoWriter tensor = Tensor(name, type, shape);
        Align(length);
        External(tensor, length);
        write(_data);
        _weights.Add(tensor);
        return true;
    }

    /// <summary>True when a weight of this name was added.</summary>
    public bool HasWeight(string name) => _names.Contains(name);

    /// <summary>Adds an int64 vector.</summary>
    public string Int64s(string name, params ReadOnlySpan<long> values) =>
        Weight(name, OnnxType.Int64, [values.Length], MemoryMarshal.AsBytes(values));

    /// <summary>Adds an int64 scalar.</summary>
    public string Int64(string name, long value) => Weight(name, OnnxType.Int64, [], MemoryMarshal.AsBytes<long>([value]));

    /// <summary>Declares an input of the graph, once; a dimension is a number or a name.</summary>
    public void Input(string name, OnnxType type, params ReadOnlySpan<object> shape)
    {
        if (_names.Add(name))
        {
            _inputs.Add(ValueInfo(name, type, shape));
        }
    }

    /// <summary>Declares an output of the graph, once; a dimension is a number or a name.</summary>
    public void Output(string name, OnnxType type, params ReadOnlySpan<object> shape)
    {
        if (_names.Add($"output {name}"))
        {
            _outputs.Add(ValueInfo(name, type, shape));
        }
    }

    /// <summary>Begins a branch: nodes go to it until <see cref="EndBranch"/>. It sees the outer graph's values; weights stay outside.</summary>
    public void BeginBranch() => _nodes.Push([]);

    /// <summary>Ends a branch.</summary>
    /// <param name="outputs">Its outputs.</param>
    /// <returns>The value of a graph attribute.</returns>
    public object EndBranch(params ReadOnlySpan<(string Name, OnnxType Type)> outputs)
    {
        var graph = new ProtoWriter();
        foreach (ProtoWriter node in _nodes.Pop())
        {
            graph.Message(1, node);
        }

        graph.Text(2, "branch");
        foreach ((string name, OnnxType type) in outputs)
        {
            graph.Message(12, new ProtoWriter().Text(1, name).Message(2, new ProtoWriter().Message(1, new ProtoWriter().Int(1, (long)type))));
        }

        return graph;
    }

    /// <summary>Writes the ModelProto.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="producer">Name of the program that made it.</param>
    /// <param name="metadata">Facts for readers (metadata_props).</param>
    public void Write(Stream output, string producer, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        var graph = new ProtoWriter();
        foreach (ProtoWriter node in _nodes.Peek())
        {
            graph.Message(1, node);
        }

        graph.Text(2, "decoder");
        foreach (ProtoWriter weight in _weights)
        {
            graph.Message(5, weight);
        }

        foreach (ProtoWriter input in _inputs)
        {
            graph.Message(11, input);
        }

        foreach (ProtoWriter value in _outputs)
        {
            graph.Message(12, value);
        }

        ProtoWriter model = new ProtoWriter().Int(1, IrVersion).Text(2, producer).Message(7, graph)
            .Message(8, new ProtoWriter().Text(1, "").Int(2, Opset))
            .Message(8, new ProtoWriter().Text(1, OnnxOps.Microsoft).Int(2, 1));
        foreach ((string key, string value) in metadata)
        {
            model.Message(14, new ProtoWriter().Text(1, key).Text(2, value));
        }

        output.Write(model.Written.Span);
    }

    private static ProtoWriter Tensor(string name, OnnxType type, ReadOnlySpan<long> shape)
    {
        var tensor = new ProtoWriter();
        foreach (long dimension in shape)
        {
            tensor.Int(1, dimension);
        }

        return tensor.Int(2, (long)type).Text(8, name);
    }

    private void Align(long length)
    {
        int gap = (int)((Page - (_position % Page)) % Page);
        if (length >= AlignFrom && gap > 0)
        {
            _data.Write(s_padding.AsSpan(0, gap));
            _position += gap;
        }
    }

    private void External(ProtoWriter tensor, long length)
    {
        tensor.Message(13, new ProtoWriter().Text(1, "location").Text(2, _dataName))
            .Message(13, new ProtoWriter().Text(1, "offset").Text(2, _position.ToString(CultureInfo.InvariantCulture)))
            .Message(13, new ProtoWriter().Text(1, "length").Text(2, length.ToString(CultureInfo.InvariantCulture)))
            .Int(14, 1);
        _position += length;
    }

    private static ProtoWriter Attribute(string name, object value)
    {
        ProtoWriter attribute = new ProtoWriter().Text(1, name);
        switch (value)
        {
            case float f:
                return attribute.Float(2, f).Int(20, FloatAttribute);
            case int i:
                return attribute.Int(3, i).Int(20, IntAttribute);
            case long i:
                return attribute.Int(3, i).Int(20, IntAttribute);
            case string s:
                return attribute.Text(4, s).Int(20, TextAttribute);
            case ProtoWriter graph:
                return attribute.Message(6, graph).Int(20, GraphAttribute);
            case float[] floats:
                foreach (float f in floats)
                {
                    attribute.Float(7, f);
                }

                return attribute.Int(20, FloatsAttribute);
            case long[] ints:
                foreach (long i in ints)
                {
                    attribute.Int(8, i);
                }

                return attribute.Int(20, IntsAttribute);
            default:
                throw new ArgumentException($"No attribute holds a {value.GetType()}.", nameof(value));
        }
    }

    private static ProtoWriter ValueInfo(string name, OnnxType type, ReadOnlySpan<object> shape)
    {
        var dimensions = new ProtoWriter();
        foreach (object dimension in shape)
        {
            dimensions.Message(1, dimension is string symbol
                ? new ProtoWriter().Text(2, symbol)
                : new ProtoWriter().Int(1, Convert.ToInt64(dimension, CultureInfo.InvariantCulture)));
        }

        return new ProtoWriter().Text(1, name).Message(2, new ProtoWriter().Message(1, new ProtoWriter().Int(1, (long)type).Message(2, dimensions)));
    }
}
