using TokenFactory.Inference.Onnx;

namespace TokenFactory.Inference.Models;

/// <summary>What an <c>.onnx</c> file says, without the contents of its weights.</summary>
internal sealed record OnnxFile
{
    public long IrVersion { get; set; }

    public string Producer { get; set; } = "";

    public bool HasGraph { get; set; }

    public List<OnnxFunction> Functions { get; } = [];

    public Dictionary<string, long> Opsets { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    public OnnxGraph Graph { get; set; } = new();

    /// <summary>All weights, those inside functions too.</summary>
    public IEnumerable<OnnxTensor> AllTensors() => Graph.AllTensors().Concat(Functions.SelectMany(f => f.Body.AllTensors()));
}

/// <summary>A function of the model's own.</summary>
internal sealed record OnnxFunction(string Domain, string Name, OnnxGraph Body);

/// <summary>A graph or a subgraph.</summary>
internal sealed record OnnxGraph
{
    public List<OnnxNode> Nodes { get; } = [];

    public Dictionary<string, OnnxTensor> Weights { get; } = new(StringComparer.Ordinal);

    /// <summary>Weights whose names come again: of no use, but checked as the others.</summary>
    public List<OnnxTensor> Replaced { get; } = [];

    /// <summary>True when it has weights in sparse form.</summary>
    public bool HasSparse { get; set; }

    public List<OnnxValue> Inputs { get; } = [];

    public List<OnnxValue> Outputs { get; } = [];

    /// <summary>This graph's nodes and those of its subgraphs.</summary>
    public IEnumerable<(OnnxNode Node, OnnxGraph Graph)> AllNodes()
    {
        foreach (OnnxNode node in Nodes)
        {
            yield return (node, this);
            foreach (OnnxAttribute attribute in node.Attributes.Values)
            {
                foreach (OnnxGraph sub in attribute.Graphs)
                {
                    foreach ((OnnxNode, OnnxGraph) inner in sub.AllNodes())
                    {
                        yield return inner;
                    }
                }
            }
        }
    }

    /// <summary>The weights of this graph, of its subgraphs, and of the attributes of all their nodes.</summary>
    public IEnumerable<OnnxTensor> AllTensors()
    {
        IEnumerable<OnnxTensor> inner = from node in Nodes
                                        from attribute in node.Attributes.Values
                                        from tensor in attribute.Graphs.SelectMany(g => g.AllTensors()).Concat(attribute.Tensors)
                                        select tensor;
        return Weights.Values.Concat(Replaced).Concat(inner);
    }
}

/// <summary>A node.</summary>
internal sealed record OnnxNode
{
    public string Op { get; set; } = "";

    public string Domain { get; set; } = "";

    public string Name { get; set; } = "";

    public List<string> Inputs { get; } = [];

    public List<string> Outputs { get; } = [];

    public Dictionary<string, OnnxAttribute> Attributes { get; } = new(StringComparer.Ordinal);

    /// <summary>True for one of ONNX Runtime's own operators.</summary>
    public bool IsMicrosoft(string op) => Op == op && Domain == OnnxOps.Microsoft;

    /// <summary>True for a standard operator.</summary>
    public bool IsStandard(string op) => Op == op && Domain is "" or "ai.onnx";

    /// <summary>An input's name; empty when absent.</summary>
    public string Input(int index) => index < Inputs.Count ? Inputs[index] : "";

    /// <summary>An output's name; empty when absent.</summary>
    public string Output(int index) => index < Outputs.Count ? Outputs[index] : "";

    /// <summary>An integer attribute; <paramref name="otherwise"/> when absent.</summary>
    public long Int(string name, long otherwise = 0) => Attributes.TryGetValue(name, out OnnxAttribute? a) ? a.Int ?? otherwise : otherwise;
}

/// <summary>An attribute of a node.</summary>
internal sealed record OnnxAttribute
{
    public string Name { get; set; } = "";

    public long? Int { get; set; }

    public float? Float { get; set; }

    public string? Text { get; set; }

    public List<long> Ints { get; } = [];

    /// <summary>True when it holds tensors in sparse form.</summary>
    public bool IsSparse { get; set; }

    public List<OnnxTensor> Tensors { get; } = [];

    public List<OnnxGraph> Graphs { get; } = [];
}

/// <summary>A weight's description. Values are kept only when they are few.</summary>
internal sealed record OnnxTensor
{
    public string Name { get; set; } = "";

    public OnnxType Type { get; set; }

    public List<long> Shape { get; } = [];

    /// <summary>Path of the external data file as the graph says it; null when the bytes are inside.</summary>
    public string? Location { get; set; }

    public long Offset { get; set; }

    /// <summary>Bytes in the external file; null when not said.</summary>
    public long? Length { get; set; }

    /// <summary>True when the tensor says that its bytes are outside.</summary>
    public bool IsExternal { get; set; }

    /// <summary>Bytes inside the file as raw data.</summary>
    public long RawLength { get; set; }

    /// <summary>Where these bytes begin in the file.</summary>
    public long RawOffset { get; set; }

    /// <summary>True when its values are in a typed field instead of raw bytes.</summary>
    public bool HasTypedData { get; set; }

    /// <summary>Values in the int64 or int32 typed field, when few.</summary>
    public List<long> Ints { get; } = [];

    /// <summary>Raw bytes, when few; else null.</summary>
    public byte[]? Raw { get; set; }

    /// <summary>Elements; −1 when the shape is malformed or overflows.</summary>
    public long Elements
    {
        get
        {
            long count = 1;
            foreach (long dimension in Shape)
            {
                if (dimension < 0 || (dimension > 0 && count > long.MaxValue / 64 / dimension))
                {
                    return -1;
                }

                count *= dimension;
            }

            return count;
        }
    }
}

/// <summary>An input or output of a graph.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its element type; <see cref="OnnxType.Undefined"/> when it is not a tensor.</param>
/// <param name="Shape">Fixed dimensions, null for symbolic ones; null when the rank is not said.</param>
internal sealed record OnnxValue(string Name, OnnxType Type, IReadOnlyList<long?>? Shape);
