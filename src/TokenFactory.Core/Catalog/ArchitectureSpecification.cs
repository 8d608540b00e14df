namespace TokenFactory.Core.Catalog;

/// <summary>Shape of a model: enough to compute parameters, bytes, FLOPs and KV bytes per token.</summary>
/// <remarks>Lengths are in elements. What a model lacks is null (experts of a dense model) or zero.</remarks>
public sealed record ArchitectureSpecification
{
    /// <summary>Its name in lower case, for example <c>llama-3-70b</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Other names it goes by.</summary>
    public IReadOnlyList<string> Aliases { get; init => field = value.ToIndexable(); } = [];

    /// <summary>Total parameters.</summary>
    public required double Parameters { get; init; }

    /// <summary>Parameters that one token uses.</summary>
    public double? ActiveParameters { get; init; }

    /// <summary>Decoder layers.</summary>
    public int? Layers { get; init; }

    /// <summary>Hidden size.</summary>
    public int? HiddenSize { get; init; }

    /// <summary>Query heads.</summary>
    public int? AttentionHeads { get; init; }

    /// <summary>Key and value heads.</summary>
    public int? KeyValueHeads { get; init; }

    /// <summary>Elements a head.</summary>
    public int? HeadSize { get; init; }

    /// <summary>Elements of the compressed KV entry a layer (latent attention); null for ordinary attention.</summary>
    public int? LatentKeyValueSize { get; init; }

    /// <summary>Elements of the rotary part inside <see cref="LatentKeyValueSize"/>; null for ordinary attention.</summary>
    public int? LatentPositionSize { get; init; }

    /// <summary>Rank of compressed queries (latent attention); null when they are not compressed.</summary>
    public int? LatentQuerySize { get; init; }

    /// <summary>Elements of a head's part without position (latent attention).</summary>
    public int? LatentKeyHeadSize { get; init; }

    /// <summary>Elements of a head's value (latent attention).</summary>
    public int? LatentValueHeadSize { get; init; }

    /// <summary>Layers of sliding-window attention; null when every layer sees the whole context.</summary>
    public int? WindowLayers { get; init; }

    /// <summary>Tokens that a layer of sliding-window attention looks back.</summary>
    public int? WindowTokens { get; init; }

    /// <summary>True when the feed-forward has three matrices (gate, up, down), false when two.</summary>
    public bool IsFeedForwardGated { get; init; } = true;

    /// <summary>First layers of a mixture of experts that are dense; null is none.</summary>
    public int? DenseLayers { get; init; }

    /// <summary>Feed-forward width of dense layers.</summary>
    public int? IntermediateSize { get; init; }

    /// <summary>Routed experts; null for a dense model.</summary>
    public int? Experts { get; init; }

    /// <summary>Routed experts that one token uses.</summary>
    public int? ExpertsPerToken { get; init; }

    /// <summary>Feed-forward width of an expert.</summary>
    public int? ExpertIntermediateSize { get; init; }

    /// <summary>Experts that every token uses besides the routed ones; null is none.</summary>
    public int? SharedExperts { get; init; }

    /// <summary>True when the output head shares the embedding's weights.</summary>
    public bool IsEmbeddingTied { get; init; }

    /// <summary>Vocabulary size.</summary>
    public int? VocabularySize { get; init; }

    /// <summary>Longest context, tokens.</summary>
    public long? ContextTokens { get; init; }

    /// <summary>Bytes that a bf16 KV cache grows by with one token; null when the shape is not complete.</summary>
    public double? KvBytesPerToken => Models.ArchitectureFigures.KvBytesPerToken(this);

    /// <summary>Source of each figure, by property name, or <c>*</c> for all.</summary>
    public IReadOnlyDictionary<string, string> Sources { get; init; } = new Dictionary<string, string>();

    /// <summary>Where the figures came from as a whole.</summary>
    public FigureSource Source { get; init; } = FigureSource.Catalog;
}
