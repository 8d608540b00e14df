namespace TokenFactory.Inference.Onnx;

/// <summary>Adds mixtures of experts of the gpt-oss type: a router with a bias, clamped gates, biases in the experts.</summary>
/// <remarks>
/// An expert: g, u = interleaved(x · W₁ + b₁); g ≤ 7, |u| ≤ 7; (g · sigmoid(1.702 g) · (u + 1)) · W₂ + b₂. Source: OpenAI's gpt-oss model card and
/// reference code. In ONNX Runtime's form one MoE or QMoE operator; in standard operators every expert is computed and weighted.
/// </remarks>
internal sealed class ExpertsWriter
{
    /// <summary>Steepness of the gate's sigmoid.</summary>
    public const float Alpha = 1.702f;

    /// <summary>Bound of gate and up values.</summary>
    public const float Limit = 7;

    private readonly GraphWriter _graph;
    private readonly WeightEmitter _weights;
    private readonly DecoderShape _shape;
    private readonly bool _standard;

    /// <summary>Creates a writer.</summary>
    public ExpertsWriter(GraphWriter graph, WeightEmitter weights, DecoderShape shape, bool standard)
    {
        _graph = graph;
        _weights = weights;
        _shape = shape;
        _standard = standard;
    }

    private int Experts => _shape.Family.Experts;

    /// <summary>Adds one layer's mixture.</summary>
    public string Layer(int layer, string input)
    {
        string prefix = $"model.layers.{layer}.moe";
        _weights.Floats($"{prefix}.router.MatMul.weight", _shape.Hidden, Experts, 0, 1 / MathF.Sqrt(_shape.Hidden), 0);
        string scores = _graph.Op("Add", $"/{prefix}/router/Add/output",
            [_graph.Op("MatMul", $"/{prefix}/router/MatMul/output", [input, $"{prefix}.router.MatMul.weight"]), _weights.Vector($"{prefix}.router.Add.bias", Experts, 0)]);
        return _standard ? Unrolled(prefix, input, scores) : Fused(prefix, input, scores);
    }

    private string Fused(string prefix, string input, string scores)
    {
        int hidden = _shape.Hidden, inner = _shape.Intermediate;
        string flat = _graph.Op("Reshape", $"/{prefix}/router/Reshape/output", [scores, _graph.Int64s("/model/moe/flat", -1, Experts)]);
        string first = $"{prefix}.experts.gate_up_proj", second = $"{prefix}.experts.down_proj";
        string firstBias = Biases($"{first}.bias", 2 * inner), secondBias = Biases($"{second}.bias", hidden);
        string output = $"/{prefix}/output";
        (string, object)[] attributes =
        [
            ("k", _shape.Family.ExpertsPerToken), ("activation_type", "swiglu"), ("activation_alpha", Alpha), ("activation_beta", 1f),
            ("swiglu_fusion", 1), ("swiglu_limit", Limit), ("normalize_routing_weights", 1),
        ];
        if (_weights.Bits > 0)
        {
            _weights.Quantized(first, 2 * inner, hidden, 1 / MathF.Sqrt(hidden), 0, Experts);
            _weights.Quantized(second, hidden, inner, 1 / MathF.Sqrt(inner), 0, Experts);
            _graph.Node("QMoE", [input, flat, $"{first}.qweight", $"{first}.scales", firstBias, $"{second}.qweight", $"{second}.scales", secondBias],
                [output], OnnxOps.Microsoft, [.. attributes, ("expert_weight_bits", _weights.Bits), ("block_size", WeightEmitter.Block)]);
        }
        else
        {
            _weights.Floats($"{first}.weight", [Experts, 2 * inner, hidden], 0, 1 / MathF.Sqrt(hidden));
            _weights.Floats($"{second}.weight", [Experts, hidden, inner], 0, 1 / MathF.Sqrt(inner));
            _graph.Node("MoE", [input, flat, $"{first}.weight", firstBias, $"{second}.weight", secondBias], [output], OnnxOps.Microsoft, attributes);
        }

        return output;
    }

    private string Biases(string name, int length) => _weights.Floats(name, [Experts, length], 0, 0.1f);

    private string Unrolled(string prefix, string input, string scores)
    {
        string last = _graph.Int64s("/model/last", -1);
        _graph.Node("TopK", [scores, _graph.Int64s("/model/moe/k", _shape.Family.ExpertsPerToken)], [$"/{prefix}/top/values", $"/{prefix}/top/indices"], "", ("axis", -1));
        string chosen = _graph.Op("Softmax", $"/{prefix}/router/Softmax/output", [$"/{prefix}/top/values"], ("axis", -1));
        string none = _graph.Op("Mul", $"/{prefix}/router/none", [scores, _weights.Constant("/model/moe/zero", [], [0])]);
        string shares = _graph.Op("ScatterElements", $"/{prefix}/router/shares", [none, $"/{prefix}/top/indices", chosen], ("axis", -1));
        List<string> parts = [];
        for (int expert = 0; expert < Experts; expert++)
        {
            string name = $"{prefix}.experts.{expert}";
            string share = _graph.Op("Gather", $"/{name}/share", [shares, _graph.Int64s($"/model/moe/expert_{expert}", expert)], ("axis", -1));
            parts.Add(_graph.Op("Mul", $"/{name}/weighted", [Expert(name, input, last), share]));
        }

        return _graph.Op("Sum", $"/{prefix}/output", [.. parts]);
    }

    private string Expert(string name, string input, string last)
    {
        int hidden = _shape.Hidden, inner = _shape.Intermediate;
        string product = _weights.Bits > 0 ? OnnxOps.MatMulNBits : "MatMul";
        string both = _graph.Op("Add", $"/{name}/gate_up",
            [_weights.Product($"{name}.gate_up_proj.{product}", input, hidden, 2 * inner), _weights.Vector($"{name}.gate_up_proj.bias", 2 * inner, 0)]);
        string Every(string part, int from) => _graph.Op("Slice", $"/{name}/{part}/raw",
            [both, _graph.Int64s($"/model/moe/from_{from}", from), _graph.Int64s("/model/moe/end", int.MaxValue), last, _graph.Int64s("/model/moe/two", 2)]);
        string limit = _weights.Constant("/model/moe/limit", [], [Limit]), low = _weights.Constant("/model/moe/low", [], [-Limit]);
        string gate = _graph.Op("Min", $"/{name}/gate", [Every("gate", 0), limit]);
        string up = _graph.Op("Clip", $"/{name}/up", [Every("up", 1), low, limit]);
        string steep = _graph.Op("Mul", $"/{name}/steep", [gate, _weights.Constant("/model/moe/alpha", [], [Alpha])]);
        string glu = _graph.Op("Mul", $"/{name}/glu", [gate, _graph.Op("Sigmoid", $"/{name}/Sigmoid/output", [steep])]);
        string gated = _graph.Op("Mul", $"/{name}/gated", [glu, _graph.Op("Add", $"/{name}/up_one", [up, _weights.Constant("/model/moe/one", [], [1])])]);
        return _graph.Op("Add", $"/{name}/down", [_weights.Product($"{name}.down_proj.{product}", gated, inner, hidden), _weights.Vector($"{name}.down_proj.bias", hidden, 0)]);
    }
}
