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
    private readonly LogitRows _rows;
    private readonly AttentionWriter _attention;
    private readonly FeedForwardWriter _feedForward;

    /// <summary>Creates a writer of one graph.</summary>
    public DecoderWriter(GraphWriter graph, WeightEmitter weights, DecoderShape shape, LogitRows rows)
    {
        _graph = graph;
        _weights = weights;
        _shape = shape;
        _rows = rows;
        _attention = new GroupedAttentionWriter(graph, weights, shape, directLengths: rows == LogitRows.Selected);
        _feedForward = new FeedForwardWriter(graph, weights, shape);
    }

    /// <summary>Adds the whole graph.</summary>
    public void Write()
    {
        _graph.Input("input_ids", OnnxType.Int64, "batch_size", "sequence_length");
        _attention.Begin();
        string residual = Embed();
        string input = _graph.Op("SimplifiedLayerNormalization", "/model/layers.0/input_layernorm/output",
            [residual, Norm("model.layers.0.input_layernorm.weight")], ("epsilon", _shape.NormEpsilon), ("axis", -1), ("stash_type", 1));
        for (int layer = 0; layer < _shape.Layers; layer++)
        {
            string prefix = $"model.layers.{layer}";
            string attended = PostNorm($"{prefix}.post_attention_layernorm", _attention.Layer(layer, input), _shape.Family.SandwichNorms);
            string middle = _shape.Family.SandwichNorms ? "pre_feedforward_layernorm" : "post_attention_layernorm";
            (string normed, residual) = SkipNorm($"{prefix}.{middle}", residual, attended);
            string fed = PostNorm($"{prefix}.post_feedforward_layernorm", _feedForward.Layer(layer, normed), _shape.Family.SandwichNorms);
            string next = layer + 1 < _shape.Layers ? $"model.layers.{layer + 1}.input_layernorm" : "model.norm";
            (input, residual) = SkipNorm(next, residual, fed);
        }

        Head(input);
    }

    private string Norm(string name) => _weights.Vector(name, _shape.Hidden, 1);

    private string PostNorm(string name, string input, bool present) => !present ? input
        : _graph.Op("SimplifiedLayerNormalization", $"/{name}/output", [input, Norm($"{name}.weight")],
            ("epsilon", _shape.NormEpsilon), ("axis", -1), ("stash_type", 1));

    private (string Normed, string Residual) SkipNorm(string name, string residual, string added)
    {
        bool last = name == "model.norm";
        string[] outputs = last ? [$"/{name}/output_0"] : [$"/{name}/output_0", "", "", $"/{name}/output_3"];
        _graph.Node("SkipSimplifiedLayerNormalization", [residual, added, Norm($"{name}.weight")], outputs, OnnxOps.Microsoft, ("epsilon", _shape.NormEpsilon));
        return (outputs[0], outputs[^1]);
    }

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

    private void Head(string hidden)
    {
        object[] shape = ["batch_size", "sequence_length", _shape.Vocabulary];
        if (_rows == LogitRows.Selected)
        {
            _graph.Input("logit_rows", OnnxType.Int64, "rows");
            string flat = _graph.Op("Reshape", "/lm_head/Reshape/output", [hidden, _graph.Int64s("/lm_head/flat", -1, _shape.Hidden)]);
            hidden = _graph.Op("Gather", "/lm_head/Gather/output", [flat, "logit_rows"], ("axis", 0));
            shape = ["rows", _shape.Vocabulary];
        }
        else if (_rows == LogitRows.Last)
        {
            hidden = _graph.Op("Gather", "/lm_head/Gather/output", [hidden, _graph.Int64s("/lm_head/last", -1)], ("axis", 1));
            shape = ["batch_size", 1, _shape.Vocabulary];
        }

        string logits = _shape.Family.LogitSoftcap is null ? "logits" : "/lm_head/output";
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
            _graph.Op("Mul", "logits", [_graph.Op("Tanh", "/lm_head/Tanh/output", [_graph.Op("Div", "/lm_head/Div/output", [logits, scale])]), scale]);
        }

        _graph.Output("logits", _weights.ActivationType, shape);
    }
}
