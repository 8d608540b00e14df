namespace TokenFactory.Inference.Onnx;

/// <summary>Adds the attention of a decoder's layers, with the cache's inputs and outputs.</summary>
internal abstract class AttentionWriter
{
    /// <summary>Creates a writer.</summary>
    protected AttentionWriter(GraphWriter graph, WeightEmitter weights, DecoderShape shape, NormWriter norms)
    {
        Norms = norms;
        Graph = graph;
        Weights = weights;
        Shape = shape;
    }

    /// <summary>The graph.</summary>
    protected GraphWriter Graph { get; }

    /// <summary>The weights.</summary>
    protected WeightEmitter Weights { get; }

    /// <summary>The norms.</summary>
    protected NormWriter Norms { get; }

    /// <summary>Put before the names of the cache's outputs.</summary>
    protected string OutputPrefix { get; set; } = "";

    /// <summary>The decoder.</summary>
    protected DecoderShape Shape { get; }

    /// <summary>Adds what all layers share: lengths or mask, rotary caches.</summary>
    /// <param name="outputPrefix">Put before the names of the cache's outputs.</param>
    /// <param name="usePast">False in a branch without a past.</param>
    public abstract void Begin(string outputPrefix, bool usePast);

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
    protected string Output(string prefix, string attended)
    {
        string product = Weights.Product($"{prefix}.o_proj.{(Weights.Bits > 0 ? OnnxOps.MatMulNBits : "MatMul")}", attended, Shape.Heads * Shape.HeadSize, Shape.Hidden);
        return !Shape.Family.OutputBias ? product
            : Graph.Op("Add", $"/{prefix}.o_proj/Add/output", [product, Weights.Vector($"{prefix}.o_proj.Add.bias", Shape.Hidden, 0)]);
    }

    /// <summary>The learned scores of a layer's heads that take part in the softmax.</summary>
    protected string Sinks(string prefix) => Weights.Vector($"{prefix}.sinks", Shape.Heads, 0, 1);

    /// <summary>Scale of a score.</summary>
    protected float Scale => (float)(Shape.Family.AttentionScale ?? 1 / Math.Sqrt(Shape.HeadSize));

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
        return (names.Item1, names.Item2, OutputPrefix + names.Item3, OutputPrefix + names.Item4);
    }

    private string HeadNorm(string name, string input, int width)
    {
        if (!Shape.Family.QkNorm)
        {
            return input;
        }

        string heads = Graph.Op("Reshape", $"/{name}/Reshape_1/output", [input, Graph.Int64s($"/model/heads_{width}", 0, 0, -1, Shape.HeadSize)]);
        string normed = Norms.Norm(name, heads, $"{name}.layernorm.weight", Shape.HeadSize);
        return Graph.Op("Reshape", $"/{name}/Reshape_2/output", [normed, Graph.Int64s($"/model/width_{width}", 0, 0, width)]);
    }
}
