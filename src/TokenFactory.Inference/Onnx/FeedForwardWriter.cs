namespace TokenFactory.Inference.Onnx;

/// <summary>Adds the feed-forward layers: down(activation(gate(x)) · up(x)), or a mixture of experts.</summary>
internal sealed class FeedForwardWriter
{
    private readonly GraphWriter _graph;
    private readonly WeightEmitter _weights;
    private readonly DecoderShape _shape;
    private readonly ExpertsWriter _experts;

    /// <summary>Creates a writer.</summary>
    public FeedForwardWriter(GraphWriter graph, WeightEmitter weights, DecoderShape shape, bool standard)
    {
        _graph = graph;
        _weights = weights;
        _shape = shape;
        _experts = new ExpertsWriter(graph, weights, shape, standard);
    }

    /// <summary>Adds one layer's feed-forward part.</summary>
    /// <returns>The value before it is added to the residual.</returns>
    public string Layer(int layer, string input)
    {
        if (_shape.Family.Experts > 0)
        {
            return _experts.Layer(layer, input);
        }

        string prefix = $"model.layers.{layer}.mlp";
        string product = _weights.Bits > 0 ? OnnxOps.MatMulNBits : "MatMul";
        string gate = _weights.Product($"{prefix}.gate_proj.{product}", input, _shape.Hidden, _shape.Intermediate);
        string up = _weights.Product($"{prefix}.up_proj.{product}", input, _shape.Hidden, _shape.Intermediate);
        string activated;
        if (_shape.Family.Activation == GateActivation.Silu)
        {
            string sigmoid = _graph.Op("Sigmoid", $"/{prefix}/act_fn/Sigmoid/output", [gate]);
            activated = _graph.Op("Mul", $"/{prefix}/act_fn/Mul/output", [gate, sigmoid]);
        }
        else
        {
            activated = _graph.Op("Gelu", $"/{prefix}/act_fn/Gelu/output", [gate], ("approximate", "tanh"));
        }

        string gated = _graph.Op("Mul", $"/{prefix}/Mul/output", [activated, up]);
        return _weights.Product($"{prefix}.down_proj.{product}", gated, _shape.Intermediate, _shape.Hidden);
    }
}
