using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Onnx;

/// <summary>Layout of a model folder and of its graph.</summary>
public enum ModelLayout
{
    /// <summary>ONNX Runtime GenAI's: <c>genai_config.json</c>, a graph on ONNX Runtime's own operators, in-place cache.</summary>
    GenAI,

    /// <summary>Hugging Face's: <c>config.json</c> and an <c>onnx</c> folder, a graph on standard operators, growing cache.</summary>
    HuggingFace,
}

/// <summary>What model to write.</summary>
public sealed record SyntheticModelOptions
{
    /// <summary>The model's name.</summary>
    public required string Name { get; init; }

    /// <summary>Parameters to come near to; used when <see cref="Shape"/> is null.</summary>
    public long Parameters { get; init; } = 15_000_000;

    /// <summary>The exact shape; null to choose one by <see cref="Parameters"/>.</summary>
    public DecoderShape? Shape { get; init; }

    /// <summary>Precision of the weights.</summary>
    public ModelPrecision Precision { get; init; } = ModelPrecision.Int4;

    /// <summary>Seed of the weights: equal options and seed give equal bytes on every platform.</summary>
    public long Seed { get; init; }

    /// <summary>The folder's layout.</summary>
    public ModelLayout Layout { get; init; } = ModelLayout.GenAI;

    /// <summary>
    /// Rows that the graph scores. <see cref="LogitRows.Selected"/> is this project's faster form: the graph takes <c>seqlens_k</c> and
    /// <c>total_sequence_length</c> instead of a mask, and <c>logit_rows</c>; only this project's engine drives it.
    /// </summary>
    public LogitRows LogitRows { get; init; } = LogitRows.All;

    /// <summary>The shape that is written.</summary>
    public DecoderShape ResolvedShape => Shape ?? DecoderShapes.Nearest(Parameters);
}
