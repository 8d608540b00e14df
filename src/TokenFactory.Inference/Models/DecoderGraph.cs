using Microsoft.ML.OnnxRuntime.Tensors;

namespace TokenFactory.Inference.Models;

/// <summary>How a graph keeps keys and values from step to step.</summary>
public enum CacheMode
{
    /// <summary>Past and present may be one buffer of fixed capacity; lengths tell how much of it counts.</summary>
    InPlace,

    /// <summary>Present is past with the new tokens appended: a new, longer tensor each step.</summary>
    Growing,
}

/// <summary>Which rows the graph returns logits for.</summary>
public enum LogitRows
{
    /// <summary>Every row of the prompt: <c>[batch, sequence, vocabulary]</c>.</summary>
    All,

    /// <summary>The last row of each sequence: <c>[batch, vocabulary]</c> or <c>[batch, 1, vocabulary]</c>.</summary>
    Last,

    /// <summary>The rows that an input names, as indices into batch × sequence: <c>[rows, vocabulary]</c>.</summary>
    Selected,
}

/// <summary>Names of the cache tensors of one layer.</summary>
/// <param name="PastKey">Input of the keys so far.</param>
/// <param name="PastValue">Input of the values so far.</param>
/// <param name="PresentKey">Output of the keys.</param>
/// <param name="PresentValue">Output of the values.</param>
/// <param name="KvHeads">Key and value heads of this layer.</param>
/// <param name="HeadSize">Elements of a head of this layer.</param>
public sealed record LayerCache(string PastKey, string PastValue, string PresentKey, string PresentValue, int KvHeads, int HeadSize);

/// <summary>How to drive a decoder graph, found by looking at the graph and not by trusting its file's name.</summary>
public sealed record DecoderGraph
{
    /// <summary>Full path of the <c>.onnx</c> file.</summary>
    public required string ModelPath { get; init; }

    /// <summary>Token ids, <c>[batch, sequence]</c>.</summary>
    public required string InputIds { get; init; }

    /// <summary>Element type of the token ids.</summary>
    public TensorElementType InputIdsType { get; init; } = TensorElementType.Int64;

    /// <summary>Attention mask input, <c>[batch, total]</c>; null when the graph takes lengths.</summary>
    public string? AttentionMask { get; init; }

    /// <summary>Element type of the mask.</summary>
    public TensorElementType AttentionMaskType { get; init; } = TensorElementType.Int64;

    /// <summary>Position ids input, <c>[batch, sequence]</c>; null when the graph computes positions.</summary>
    public string? PositionIds { get; init; }

    /// <summary>Per-row last index input (int32 <c>[batch]</c>: total length − 1); null when the graph takes a mask.</summary>
    public string? SequenceLengths { get; init; }

    /// <summary>Total sequence length input (int32 scalar); null when the graph takes a mask.</summary>
    public string? TotalSequenceLength { get; init; }

    /// <summary>Input that names the rows to score (int64 <c>[rows]</c>); null unless <see cref="LogitRows"/> is selected.</summary>
    public string? SelectedRows { get; init; }

    /// <summary>Input that says how many of the last rows to score (int64, a scalar or <c>[1]</c>); null when there is none. A graph with it
    /// returns as many rows as it is told, whatever <see cref="LogitRows"/> says.</summary>
    public string? LogitsToKeep { get; init; }

    /// <summary>Logits output.</summary>
    public required string Logits { get; init; }

    /// <summary>Element type of the logits.</summary>
    public TensorElementType LogitsType { get; init; } = TensorElementType.Float;

    /// <summary>Which rows are scored.</summary>
    public LogitRows LogitRows { get; init; }

    /// <summary>The cache tensors by layer.</summary>
    public required IReadOnlyList<LayerCache> Layers { get; init; }

    /// <summary>How the cache grows.</summary>
    public CacheMode CacheMode { get; init; }

    /// <summary>Element type of the cache.</summary>
    public TensorElementType CacheType { get; init; } = TensorElementType.Float;

    /// <summary>Bool input that merged exports take to choose the branch with a past (<c>use_cache_branch</c>); null when there is none.</summary>
    public string? UseCacheBranch { get; init; }

    /// <summary>Vocabulary entries that are scored.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Longest context, tokens.</summary>
    public required int ContextTokens { get; init; }

    /// <summary>Tokens of the attention window when every layer has one; null when some layer sees all.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Prompt length at which the rotary cache switches (sequence-length dependent rope); null when there is none.</summary>
    public int? RopeSwitchTokens { get; init; }

    /// <summary>
    /// True when a growing graph switches by its tensors' lengths and not by the positions: filling in front of a long prompt then shows it
    /// the switch from the first chunk.
    /// </summary>
    public bool RopeSwitchByLength { get; init; }

    /// <summary>Why sequences can't share a run; null when they can.</summary>
    public string? StackingObstacle { get; init; }

    /// <summary>Why a sequence can't go on past the context by dropping its oldest tokens; null when it can.</summary>
    public string? SlidingObstacle { get; init; }

    /// <summary>The rotary tables by layer, where cached keys must be turned when older tokens are dropped; else empty.</summary>
    public IReadOnlyList<RotaryTable> RotaryTables { get; init; } = [];

    /// <summary>True when products are int4 or int8 by block, whose single-row kernel rounds differently from the batched one.</summary>
    public bool QuantizedProducts { get; init; }

    /// <summary>Bytes of cache that one token takes over all layers.</summary>
    public long KvBytesPerToken { get; init; }
}
