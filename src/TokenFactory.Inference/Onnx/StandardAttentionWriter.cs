namespace TokenFactory.Inference.Onnx;

/// <summary>Attention from standard operators, as Hugging Face's exporters write it: the cache grows by concatenation.</summary>
internal sealed class StandardAttentionWriter : AttentionWriter
{
    private readonly ExportForm _form;
    private readonly RotaryWriter _rotary;
    private bool _usePast;
    private string _mask = "";
    private string _slidingMask = "";

    /// <summary>Creates a writer.</summary>
    public StandardAttentionWriter(GraphWriter graph, WeightEmitter weights, DecoderShape shape, NormWriter norms, ExportForm form)
        : base(graph, weights, shape, norms)
    {
        _form = form;
        _rotary = new RotaryWriter(graph, weights, shape);
    }

    private OnnxType Type => Weights.ActivationType;

    /// <inheritdoc/>
    public override void Begin(string outputPrefix, bool usePast)
    {
        OutputPrefix = outputPrefix;
        _usePast = usePast;
        Cache(0);
        if (_form.AttentionMask)
        {
            Graph.Input("attention_mask", OnnxType.Int64, "batch_size", "total_sequence_length");
        }

        string length = Dimension("/model/length", "input_ids", 1);
        string past = usePast ? Dimension("/model/past", "past_key_values.0.key", 2) : Graph.Int64("/model/zero", 0);
        string total = Graph.Op("Add", "/model/total", [past, length]);
        string one = Graph.Int64("/model/one", 1);
        string queries = Graph.Op("Range", "/model/queries", [past, total, one]);
        string keys = Graph.Op("Range", "/model/keys", [Graph.Int64("/model/zero", 0), total, one]);
        _rotary.Begin(Positions(queries, length), total);
        Masks(queries, keys);
    }

    /// <inheritdoc/>
    public override string Layer(int layer, string input)
    {
        string prefix = $"model.layers.{layer}.self_attn";
        DecoderFamily family = Shape.Family;
        var cache = Cache(layer);
        (string query, string key, string value) = Project(prefix, input);
        query = _rotary.Turn($"/{prefix}/q", Heads($"/{prefix}/q", query, Shape.Heads), layer);
        key = _rotary.Turn($"/{prefix}/k", Heads($"/{prefix}/k", key, Shape.KvHeads), layer);
        value = Heads($"/{prefix}/v", value, Shape.KvHeads);
        key = Append(cache.PastKey, key, cache.PresentKey);
        value = Append(cache.PastValue, value, cache.PresentValue);
        string transposed = Graph.Op("Transpose", $"/{prefix}/k/Transpose_1/output", [Repeat($"/{prefix}/k", key)], ("perm", new long[] { 0, 1, 3, 2 }));
        string scores = Graph.Op("Mul", $"/{prefix}/Mul/output",
            [Graph.Op("MatMul", $"/{prefix}/MatMul/output", [query, transposed]), Weights.Constant("/model/attn_scale", [], [Scale])]);
        if (family.AttentionSoftcap is double cap)
        {
            string bound = Weights.Constant("/model/attn_softcap", [], [(float)cap]);
            scores = Graph.Op("Mul", $"/{prefix}/Mul_1/output", [Graph.Op("Tanh", $"/{prefix}/Tanh/output", [Graph.Op("Div", $"/{prefix}/Div/output", [scores, bound])]), bound]);
        }

        scores = Graph.Op("Add", $"/{prefix}/Add/output", [scores, family.Slides(layer) ? _slidingMask : _mask]);
        string shares = family.AttentionSinks ? SoftmaxWithSink(prefix, scores) : Graph.Op("Softmax", $"/{prefix}/Softmax/output", [scores], ("axis", -1));
        string attended = Graph.Op("MatMul", $"/{prefix}/MatMul_1/output", [shares, Repeat($"/{prefix}/v", value)]);
        string rows = Graph.Op("Transpose", $"/{prefix}/Transpose/output", [attended], ("perm", new long[] { 0, 2, 1, 3 }));
        return Output(prefix, Graph.Op("Reshape", $"/{prefix}/Reshape/output", [rows, Graph.Int64s("/model/joined", 0, 0, Shape.Heads * Shape.HeadSize)]));
    }

    private string Dimension(string name, string tensor, int axis) =>
        Graph.Op("Gather", name, [Graph.Op("Shape", $"{name}/Shape/output", [tensor]), Graph.Int64($"/model/axis_{axis}", axis)], ("axis", 0));

    private string Positions(string queries, string length)
    {
        if (_form.PositionIds)
        {
            Graph.Input("position_ids", OnnxType.Int64, "batch_size", "sequence_length");
            return "position_ids";
        }

        if (!_form.AttentionMask)
        {
            return Graph.Op("Unsqueeze", "/model/positions", [queries, Graph.Int64s("/model/first", 0)]);
        }

        string counted = Graph.Op("Sub", "/model/counted", [Graph.Op("CumSum", "/model/CumSum/output", ["attention_mask", Graph.Int64("/model/axis_1", 1)]), Graph.Int64("/model/one", 1)]);
        string start = Graph.Op("Reshape", "/model/start", [Graph.Op("Neg", "/model/Neg/output", [length]), Graph.Int64s("/model/vector", 1)]);
        string newest = Graph.Op("Slice", "/model/newest", [counted, start, Graph.Int64s("/model/end", int.MaxValue), Graph.Int64s("/model/second", 1)]);
        return Graph.Op("Max", "/model/positions", [newest, Graph.Int64("/model/zero", 0)]);
    }

    private void Masks(string queries, string keys)
    {
        string rows = Graph.Op("Unsqueeze", "/model/mask/rows", [queries, Graph.Int64s("/model/second", 1)]);
        string seen = Graph.Op("LessOrEqual", "/model/mask/causal", [keys, rows]);
        if (_form.AttentionMask)
        {
            string real = Graph.Op("Unsqueeze", "/model/mask/real",
                [Graph.Op("Cast", "/model/mask/Cast/output", ["attention_mask"], ("to", (int)OnnxType.Bool)), Graph.Int64s("/model/mask/axes", 1, 2)]);
            seen = Graph.Op("And", "/model/mask/seen", [seen, real]);
        }

        _mask = Bias("/model/mask/all", seen);
        if (Shape.Family.SlidingWindow is int window)
        {
            string oldest = Graph.Op("Sub", "/model/mask/oldest", [rows, Graph.Int64("/model/mask/window", window)]);
            string near = Graph.Op("And", "/model/mask/near", [seen, Graph.Op("Greater", "/model/mask/Greater/output", [keys, oldest])]);
            _slidingMask = Bias("/model/mask/sliding", near);
        }
    }

    private string Bias(string name, string seen)
    {
        float lowest = Type == OnnxType.Float16 ? (float)Half.MinValue : float.MinValue;
        return Graph.Op("Where", name, [seen, Weights.Constant("/model/mask/none", [], [0]), Weights.Constant("/model/mask/lowest", [], [lowest])]);
    }

    private string Heads(string name, string input, int heads)
    {
        string split = Graph.Op("Reshape", $"{name}/Reshape/output", [input, Graph.Int64s($"/model/split_{heads}", 0, 0, heads, Shape.HeadSize)]);
        return Graph.Op("Transpose", $"{name}/Transpose/output", [split], ("perm", new long[] { 0, 2, 1, 3 }));
    }

    private string Append(string past, string added, string present) =>
        _usePast ? Graph.Op("Concat", present, [past, added], ("axis", 2)) : Graph.Op("Identity", present, [added]);

    private string Repeat(string name, string input)
    {
        int times = Shape.Heads / Shape.KvHeads;
        if (times == 1)
        {
            return input;
        }

        string apart = Graph.Op("Unsqueeze", $"{name}/Unsqueeze/output", [input, Graph.Int64s("/model/third", 2)]);
        string repeated = Graph.Op("Expand", $"{name}/Expand/output", [apart, Graph.Int64s("/model/repeat", 1, 1, times, 1, 1)]);
        return Graph.Op("Reshape", $"{name}/Reshape_1/output", [repeated, Graph.Int64s("/model/repeated", 0, Shape.Heads, -1, Shape.HeadSize)]);
    }

    private string SoftmaxWithSink(string prefix, string scores)
    {
        string sink = Graph.Op("Reshape", $"/{prefix}/sink", [Sinks(prefix), Graph.Int64s("/model/per_head", 1, -1, 1, 1)]);
        string last = Graph.Int64s("/model/last", -1);
        string top = Graph.Op("Max", $"/{prefix}/Max/output", [Graph.Op("ReduceMax", $"/{prefix}/ReduceMax/output", [scores, last], ("keepdims", 1)), sink]);
        string powers = Graph.Op("Exp", $"/{prefix}/Exp/output", [Graph.Op("Sub", $"/{prefix}/Sub/output", [scores, top])]);
        string own = Graph.Op("Exp", $"/{prefix}/Exp_1/output", [Graph.Op("Sub", $"/{prefix}/Sub_1/output", [sink, top])]);
        string sum = Graph.Op("Add", $"/{prefix}/Add_1/output", [Graph.Op("ReduceSum", $"/{prefix}/ReduceSum/output", [powers, last], ("keepdims", 1)), own]);
        return Graph.Op("Div", $"/{prefix}/Div_1/output", [powers, sum]);
    }
}
