namespace TokenFactory.Inference.Onnx;

/// <summary>Adds root-mean-square norms: as ONNX Runtime's operators, or taken apart into standard ones as exporters write them.</summary>
/// <remarks>y = x / √(mean(x²) + ε) · w. Source: Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.</remarks>
internal sealed class NormWriter
{
    private readonly GraphWriter _graph;
    private readonly WeightEmitter _weights;
    private readonly float _epsilon;
    private readonly bool _standard;

    /// <summary>Creates a writer.</summary>
    public NormWriter(GraphWriter graph, WeightEmitter weights, float epsilon, bool standard)
    {
        _graph = graph;
        _weights = weights;
        _epsilon = epsilon;
        _standard = standard;
    }

    /// <summary>Norms the last dimension.</summary>
    public string Norm(string name, string input, string weightName, int size)
    {
        string weight = _weights.Vector(weightName, size, 1);
        if (!_standard)
        {
            return _graph.Op("SimplifiedLayerNormalization", $"/{name}/output", [input, weight], ("epsilon", _epsilon), ("axis", -1), ("stash_type", 1));
        }

        bool half = _weights.ActivationType == OnnxType.Float16;
        string wide = half ? _graph.Op("Cast", $"/{name}/Cast/output", [input], ("to", (int)OnnxType.Float)) : input;
        string square = _graph.Op("Pow", $"/{name}/Pow/output", [wide, Float("/norm/two", 2)]);
        string mean = _graph.Op("ReduceMean", $"/{name}/ReduceMean/output", [square, _graph.Int64s("/norm/axes", -1)], ("keepdims", 1));
        string root = _graph.Op("Sqrt", $"/{name}/Sqrt/output", [_graph.Op("Add", $"/{name}/Add/output", [mean, Float("/norm/epsilon", _epsilon)])]);
        string scaled = _graph.Op("Div", $"/{name}/Div/output", [wide, root]);
        string narrow = half ? _graph.Op("Cast", $"/{name}/Cast_1/output", [scaled], ("to", (int)OnnxType.Float16)) : scaled;
        return _graph.Op("Mul", $"/{name}/Mul/output", [weight, narrow]);
    }

    /// <summary>Adds to the residual and norms the sum.</summary>
    /// <param name="name">The norm's name.</param>
    /// <param name="residual">The residual.</param>
    /// <param name="added">What is added.</param>
    /// <param name="size">Elements of the last dimension.</param>
    /// <param name="last">True when nobody needs the new residual.</param>
    public (string Normed, string Residual) AddNorm(string name, string residual, string added, int size, bool last)
    {
        if (_standard)
        {
            string sum = _graph.Op("Add", $"/{name}/residual", [residual, added]);
            return (Norm(name, sum, $"{name}.weight", size), sum);
        }

        string[] outputs = last ? [$"/{name}/output_0"] : [$"/{name}/output_0", "", "", $"/{name}/output_3"];
        _graph.Node("SkipSimplifiedLayerNormalization", [residual, added, _weights.Vector($"{name}.weight", size, 1)], outputs, OnnxOps.Microsoft, ("epsilon", _epsilon));
        return (outputs[0], outputs[^1]);
    }

    private string Float(string name, float value) =>
        _graph.Weight(name, OnnxType.Float, [], System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>([value]));
}
