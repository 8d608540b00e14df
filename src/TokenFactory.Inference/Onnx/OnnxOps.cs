namespace TokenFactory.Inference.Onnx;

/// <summary>Names of operators and domains that both the writer and the reader of graphs use.</summary>
internal static class OnnxOps
{
    /// <summary>Domain of ONNX Runtime's own operators.</summary>
    public const string Microsoft = "com.microsoft";

    /// <summary>Attention with grouped heads, rotary embedding and an in-place cache.</summary>
    public const string GroupQueryAttention = "GroupQueryAttention";

    /// <summary>Product with weights quantized by block.</summary>
    public const string MatMulNBits = "MatMulNBits";

    /// <summary>Row lookup in a table quantized by block.</summary>
    public const string GatherBlockQuantized = "GatherBlockQuantized";

    /// <summary>Metadata key of a model whose weights are random.</summary>
    public const string RandomWeightsKey = "tokenfactory.random_weights";

    /// <summary>Metadata key of a model's name.</summary>
    public const string NameKey = "tokenfactory.name";
}
