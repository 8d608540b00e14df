using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Onnx;

/// <summary>Writes a decoder's graph: embedding, layers, head.</summary>
internal sealed class DecoderWriter
{
    /// <summary>Rows of the vocabulary that hold special tokens and are kept from being chosen by chance.</summary>
    public const int QuietTokens = 3;

    private readonly GraphWriter _graph;
    private readonly WeightEmitter _weights;
    private readonly DecoderShape _shape;
    private readonly SyntheticModelOptions _options;
    private readonly NormWriter _norms;
    private readonly AttentionWriter _attention;
    private readonly FeedForwardWriter _feedForward;

    /// <summary>Creates a writer of one graph.</summary>
    public DecoderWriter(GraphWriter graph, WeightEmitter weights, DecoderShape shape, SyntheticModelOptions options)
    {
        _graph = graph;
        _weights = weights;
        _shape = shape;
        _options = options;
        bool standard = options.Layout == ModelLayout.HuggingFace;
        _norms = new NormWriter(graph, weights, shape.NormEpsilon, standard);
        _attention = standard ? new StandardAttentionWriter(graph, weights, shape, _norms, options.Export)
            : new GroupedAttentionWriter(graph, weights, shape, _norms, directLengths: options.LogitRows == LogitRows.Selected);
        _feedForward = new FeedForwardWriter(graph, weights, shape, standard);
    }

    /// <summary>Adds the whole graph.</summary>
    public void Write()
    {
        _graph.Input("input_ids", OnnxType.Int64, "batch_size", "sequence_length");
        if (_options.Layout == ModelLayout.HuggingFace && _options.Export.Merged)
        {
            WriteMerged();
        }
        else
        {
            Body("", usePast: true);
        }
    }

    private void WriteMerged()
    {
        const string Branch = "branch/";
        _graph.Input("use_cache_branch", OnnxType.Bool, 1);
        string[] names = ["logits", .. Enumerable.Range(0, _shape.Layers).SelectMany(l => new[] { $"present.{l}.key", $"present.{l}.value" })];
        (string, OnnxType)[] outputs = [.. names.Select(n => (Branch + n, _weights.ActivationType))];
        _graph.BeginBranch();
        Body(Branch, usePast: true);
        object then = _graph.EndBranch(outputs);
        _graph.BeginBranch();
        Body(Branch, usePast: false);
        object otherwise = _graph.EndBranch(outputs);
        _graph.Node("If", ["use_cache_branch"], names, "", ("then_branch", then), ("else_branch", otherwise));
    }

    private void Body(string outputPrefix, bool usePast)
    {
        bool sandwich = _shape.Family.SandwichNorms;
        _attention.Begin(outputPrefix, usePast);
        string residual = Embed();
        string input = _norms.Norm("model.layers.0.input_layernorm", residual, "model.layers.0.input_layernorm.weight", _shape.Hidden);
        for (int layer = 0; layer < _shape.Layers; layer++)
        {
            string prefix = $"model.layers.{layer}";
            string attended = _attention.Layer(layer, input);
            attended = sandwich ? Norm($"{prefix}.post_attention_layernorm", attended) : attended;
            string middle = sandwich ? "pre_feedforward_layernorm" : "post_attention_layernorm";
            (string normed, residual) = _norms.AddNorm($"{prefix}.{middle}", residual, attended, _shape.Hidden, last: false);
            string fed = _feedForward.Layer(layer, normed);
            fed = sandwich ? Norm($"{prefix}.post_feedforward_layernorm", fed) : fed;
            bool last = layer + 1 == _shape.Layers;
            string next = last ? "model.norm" : $"model.layers.{layer + 1}.input_layernorm";
            (input, residual) = _norms.AddNorm(next, residual, fed, _shape.Hidden, last);
        }

        Head(input, outputPrefix);
    }

    private string Norm(string name, string input) => _norms.Norm(name, input, $"{name}.weight", _shape.Hidden);

    private string Embed()
    {
        const string Output = "/model/embed_tokens/Gather/output";
        bool tied = _shape.TiedEmbeddings;
        if (tied && _weights.Bits > 0)
        {
            _weights.Quantized("lm_head.MatMulNBits", _shape.Vocabulary, _shape.Hidden, 1 / MathF.Sqrt(_shape.Hidden), QuietTokens);
            int blocks = (_shape.Hidden + WeightEmitter.Block - 1) / WeightEmitter.Block;
            string table = _graph.Op("Reshape", "/model/embed_tokens/Reshape/output",
                ["lm_head.MatMulNBits.qweight", _graph.Int64s("/model/embed_tokens/shape", _shape.Vocabulary, blocks * BlockQuantizer.BlockBytes(_weights.Bits, WeightEmitter.Block))]);
            _graph.Node(OnnxOps.GatherBlockQuantized, [table, "input_ids", "lm_head.MatMulNBits.scales"], [Output], OnnxOps.Microsoft,
                ("bits", _weights.Bits), ("block_size", WeightEmitter.Block), ("gather_axis", 0), ("quantize_axis", 1));
        }
        else
        {
            _weights.Floats("model.embed_tokens.weight", _shape.Vocabulary, _shape.Hidden, 0, tied ? 1 / MathF.Sqrt(_shape.Hidden) : 1, tied ? QuietTokens : 0);
            _graph.Node("Gather", ["model.embed_tokens.weight", "input_ids"], [Output]);
        }

        return !_shape.Family.ScaledEmbeddings ? Output : _graph.Op("Mul", "/model/embed_tokens/Mul/output",
            [Output, _weights.Constant("/model/embed_tokens/scale", [], [MathF.Sqrt(_shape.Hidden)])]);
    }

    private (string Hidden, object[] LogitsShape) ScoredRows(string hidden)
    {
        if (_options.LogitRows == LogitRows.Selected)
        {
            _graph.Input("logit_rows", OnnxType.Int64, "rows");
            string flat = _graph.Op("Reshape", "/lm_head/Reshape/output", [hidden, _graph.Int64s("/lm_head/flat", -1, _shape.Hidden)]);
            return (_graph.Op("Gather", "/lm_head/Gather/output", [flat, "logit_rows"], ("axis", 0)), ["rows", _shape.Vocabulary]);
        }

        if (_options.LogitRows == LogitRows.Last)
        {
            return (_graph.Op("Gather", "/lm_head/Gather/output", [hidden, _graph.Int64s("/lm_head/last", -1)], ("axis", 1)), ["batch_size", 1, _shape.Vocabulary]);
        }

        if (_options.Layout == ModelLayout.HuggingFace && _options.Export.LogitsToKeep)
        {
            _graph.Input("num_logits_to_keep", OnnxType.Int64);
            string start = _graph.Op("Reshape", "/lm_head/start/output", [_graph.Op("Neg", "/lm_head/Neg/output", ["num_logits_to_keep"]), _graph.Int64s("/lm_head/one", 1)]);
            string kept = _graph.Op("Slice", "/lm_head/Slice/output", [hidden, start, _graph.Int64s("/lm_head/end", int.MaxValue), _graph.Int64s("/lm_head/axis", 1)]);
            return (kept, ["batch_size", "num_logits_to_keep", _shape.Vocabulary]);
        }

        return (hidden, ["batch_size", "sequence_length", _shape.Vocabulary]);
    }

    private void Head(string hidden, string outputPrefix)
    {
        (hidden, object[] shape) = ScoredRows(hidden);
        string output = $"{outputPrefix}logits";
        string logits = _shape.Family.LogitSoftcap is null ? output : "/lm_head/output";
        if (_weights.Bits > 0)
        {
            _weights.Quantized("lm_head.MatMulNBits", _shape.Vocabulary, _shape.Hidden, 1 / MathF.Sqrt(_shape.Hidden), QuietTokens);
            _weights.QuantizedProduct("lm_head.MatMulNBits", hidden, _shape.Hidden, _shape.Vocabulary, logits);
        }
        else
        {
            string table = _shape.TiedEmbeddings ? "model.embed_tokens.weight"
                : _weights.Floats("lm_head.weight", _shape.Vocabulary, _shape.Hidden, 0, 1 / MathF.Sqrt(_shape.Hidden), QuietTokens);
            string transposed = _graph.Op("Transpose", "/lm_head/Transpose/output", [table], ("perm", new long[] { 1, 0 }));
            _graph.Node("MatMul", [hidden, transposed], [logits]);
        }

        if (_shape.Family.LogitSoftcap is double cap)
        {
            string scale = _weights.Constant("/lm_head/softcap", [], [(float)cap]);
            _graph.Op("Mul", output, [_graph.Op("Tanh", "/lm_head/Tanh/output", [_graph.Op("Div", "/lm_head/Div/output", [logits, scale])]), scale]);
        }

        _graph.Output("logits", _weights.ActivationType, shape);
    }
}
