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

/// <summary>Which form of export Hugging Face's tools would have made.</summary>
public sealed record ExportForm
{
    /// <summary>The graph takes <c>attention_mask</c>.</summary>
    public bool AttentionMask { get; init; } = true;

    /// <summary>The graph takes <c>position_ids</c>; else it computes them from the mask, or from the cache's length where there is no mask.</summary>
    public bool PositionIds { get; init; } = true;

    /// <summary>One file with a branch for the prompt and one for what follows, chosen by <c>use_cache_branch</c>.</summary>
    public bool Merged { get; init; }

    /// <summary>The graph takes <c>num_logits_to_keep</c>.</summary>
    public bool LogitsToKeep { get; init; }

    /// <summary>What follows <c>model_</c> in the file's name, such as <c>q4</c>; null for <c>model.onnx</c>.</summary>
    public string? Variant { get; init; }
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

    /// <summary>Which of the forms of Hugging Face's exports; used when the layout is theirs.</summary>
    public ExportForm Export { get; init; } = new();

    /// <summary>
    /// Rows that the graph scores. <see cref="LogitRows.Selected"/> is this project's faster form: the graph takes <c>seqlens_k</c> and
    /// <c>total_sequence_length</c> instead of a mask, and <c>logit_rows</c>; only this project's engine drives it.
    /// </summary>
    public LogitRows LogitRows { get; init; } = LogitRows.All;

    /// <summary>The shape that is written.</summary>
    public DecoderShape ResolvedShape => Shape ?? DecoderShapes.Nearest(Parameters);
}
