using TokenFactory.Core;

namespace TokenFactory.Inference.Models;

/// <summary>What a model folder holds, read from its graph and files without loading the weights.</summary>
public sealed record ModelInfo
{
    /// <summary>The folder's name, or the name that its maker wrote into it.</summary>
    public required string Name { get; init; }

    /// <summary>Full path of the folder.</summary>
    public required string Path { get; init; }

    /// <summary>Architecture as the config names it: <c>llama</c>, <c>qwen3</c>, <c>phi3</c>; null when not said.</summary>
    public string? Architecture { get; init; }

    /// <summary>Total parameters, counted from the graph's weights.</summary>
    public long? Parameters { get; init; }

    /// <summary>Parameters that one token uses.</summary>
    public long? ActiveParameters { get; init; }

    /// <summary>Bytes of the weights as stored.</summary>
    public long WeightBytes { get; init; }

    /// <summary>Bytes of key and value cache that one token of context takes.</summary>
    public long? KvBytesPerToken { get; init; }

    /// <summary>How the graph keeps keys and values; null when there is no graph.</summary>
    public CacheMode? CacheMode { get; init; }

    /// <summary>True when several requests decode in one run; where not, <see cref="Unavailable"/> says why.</summary>
    public bool? ContinuousBatching { get; init; }

    /// <summary>True when an answer may go on past the context, because every layer has a sliding window; where not, <see cref="Unavailable"/> says why.</summary>
    public bool? SlidesPastContext { get; init; }

    /// <summary>Longest context, tokens.</summary>
    public int ContextTokens { get; init; }

    /// <summary>Precision of the matrix products: int4, int8, fp16, fp32.</summary>
    public string? Precision { get; init; }

    /// <summary>Number of entries of the vocabulary as the graph scores them.</summary>
    public int? VocabularySize { get; init; }

    /// <summary>Decoder layers.</summary>
    public int? Layers { get; init; }

    /// <summary>Folder layout: <c>genai</c> (ONNX Runtime GenAI) or <c>huggingface</c> (an <c>onnx</c> export), or <c>tokenizer</c> when there is no graph.</summary>
    public string? Layout { get; init; }

    /// <summary>The chat template's text; null when the folder has none.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Special tokens by role: bos, eos, pad, unk.</summary>
    public IReadOnlyDictionary<string, string> SpecialTokens { get; init; } = new Dictionary<string, string>();

    /// <summary>Token ids that end a generation.</summary>
    public IReadOnlyList<int> EndTokenIds { get; init => field = value.ToIndexable(); } = [];

    /// <summary>How the makers say that tokens are to be chosen; used with <c>-RecommendedSampling</c>. Null when the folder does not say.</summary>
    public RecommendedSampling? RecommendedSampling { get; init; }

    /// <summary>True when the weights are random: written by <c>New-TokenFactoryModel</c>, good for speed and cost, useless for text.</summary>
    public bool RandomWeights { get; init; }

    /// <summary>Where it is loaded in this process now: once for each way in which it was loaded; empty when it is not.</summary>
    public IReadOnlyList<Engine.LoadedModel> Loaded { get; init => field = value.ToIndexable(); } = [];

    /// <summary>What could not be told, by property name, with the reason.</summary>
    public IReadOnlyDictionary<string, string> Unavailable { get; init; } = new Dictionary<string, string>();
}
