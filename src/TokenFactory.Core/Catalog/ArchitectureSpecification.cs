namespace TokenFactory.Core.Catalog;

/// <summary>Shape of a model: enough to compute parameters, bytes, FLOPs and KV bytes per token.</summary>
/// <remarks>Lengths are in elements. What a model lacks is null (experts of a dense model) or zero.</remarks>
public sealed record ArchitectureSpecification
{
    /// <summary>Its name in lower case, for example <c>llama-3-70b</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Other names it goes by.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

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

    /// <summary>Feed-forward width of dense layers.</summary>
    public int? IntermediateSize { get; init; }

    /// <summary>Routed experts; null for a dense model.</summary>
    public int? Experts { get; init; }

    /// <summary>Routed experts that one token uses.</summary>
    public int? ExpertsPerToken { get; init; }

    /// <summary>Feed-forward width of an expert.</summary>
    public int? ExpertIntermediateSize { get; init; }

    /// <summary>Vocabulary size.</summary>
    public int? VocabularySize { get; init; }

    /// <summary>Longest context, tokens.</summary>
    public long? ContextTokens { get; init; }

    /// <summary>Source of each figure, by property name, or <c>*</c> for all.</summary>
    public IReadOnlyDictionary<string, string> Sources { get; init; } = new Dictionary<string, string>();

    /// <summary>Where the figures came from as a whole.</summary>
    public FigureSource Source { get; init; } = FigureSource.Catalog;
}
