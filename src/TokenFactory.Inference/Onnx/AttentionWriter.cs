namespace TokenFactory.Inference.Onnx;

/// <summary>Adds the attention of a decoder's layers, with the cache's inputs and outputs.</summary>
internal abstract class AttentionWriter
{
    /// <summary>Creates a writer.</summary>
    protected AttentionWriter(GraphWriter graph, WeightEmitter weights, DecoderShape shape)
    {
        Graph = graph;
        Weights = weights;
        Shape = shape;
    }

    /// <summary>The graph.</summary>
    protected GraphWriter Graph { get; }

    /// <summary>The weights.</summary>
    protected WeightEmitter Weights { get; }

    /// <summary>The decoder.</summary>
    protected DecoderShape Shape { get; }

    /// <summary>Adds what all layers share: lengths or mask, rotary caches.</summary>
    public abstract void Begin();

    /// <summary>Adds one layer's attention, from the normed input to the output projection.</summary>
    /// <returns>The value before it is added to the residual.</returns>
    public abstract string Layer(int layer, string input);

    /// <summary>Adds biased or plain query, key and value projections, and their head norms.</summary>
    protected (string Query, string Key, string Value) Project(string prefix, string input)
    {
        int queries = Shape.Heads * Shape.HeadSize;
        int keys = Shape.KvHeads * Shape.HeadSize;
        return (
            HeadNorm($"{prefix}.q_norm", Biased($"{prefix}.q_proj", input, queries), queries),
            HeadNorm($"{prefix}.k_norm", Biased($"{prefix}.k_proj", input, keys), keys),
            Biased($"{prefix}.v_proj", input, keys));
    }

    /// <summary>Adds a projection from hidden with the family's bias.</summary>
    protected string Biased(string name, string input, int outer)
    {
        string product = Weights.Product($"{name}.{(Weights.Bits > 0 ? OnnxOps.MatMulNBits : "MatMul")}", input, Shape.Hidden, outer);
        return !Shape.Family.QkvBias ? product
            : Graph.Op("Add", $"/{name}/Add/output", [product, Weights.Vector($"{name}.Add.bias", outer, 0)]);
    }

    /// <summary>Adds the output projection.</summary>
    protected string Output(string prefix, string attended) =>
        Weights.Product($"{prefix}.o_proj.{(Weights.Bits > 0 ? OnnxOps.MatMulNBits : "MatMul")}", attended, Shape.Heads * Shape.HeadSize, Shape.Hidden);

    /// <summary>Declares the cache of a layer.</summary>
    protected (string PastKey, string PastValue, string PresentKey, string PresentValue) Cache(int layer)
    {
        (string, string, string, string) names =
            ($"past_key_values.{layer}.key", $"past_key_values.{layer}.value", $"present.{layer}.key", $"present.{layer}.value");
        object[] past = ["batch_size", Shape.KvHeads, "past_sequence_length", Shape.HeadSize];
        object[] present = ["batch_size", Shape.KvHeads, "total_sequence_length", Shape.HeadSize];
        Graph.Input(names.Item1, Weights.ActivationType, past);
        Graph.Input(names.Item2, Weights.ActivationType, past);
        Graph.Output(names.Item3, Weights.ActivationType, present);
        Graph.Output(names.Item4, Weights.ActivationType, present);
        return names;
    }

    private string HeadNorm(string name, string input, int width)
    {
        if (!Shape.Family.QkNorm)
        {
            return input;
        }

        string heads = Graph.Op("Reshape", $"/{name}/Reshape_1/output", [input, Graph.Int64s($"/model/heads_{width}", 0, 0, -1, Shape.HeadSize)]);
        string normed = Graph.Op("SimplifiedLayerNormalization", $"/{name}/output", [heads, Weights.Vector($"{name}.layernorm.weight", Shape.HeadSize, 1)],
            ("epsilon", Shape.NormEpsilon), ("axis", -1), ("stash_type", 1));
        return Graph.Op("Reshape", $"/{name}/Reshape_2/output", [normed, Graph.Int64s($"/model/width_{width}", 0, 0, width)]);
    }
}
