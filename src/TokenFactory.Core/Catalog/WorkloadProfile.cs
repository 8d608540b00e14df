namespace TokenFactory.Core.Catalog;

/// <summary>The shape of a workload's requests.</summary>
public sealed record WorkloadProfile
{
    /// <summary>Its name: chat, code, rag, reasoning, batch, agents, or null when spelled out.</summary>
    public string? Name { get; init; }

    /// <summary>Other names it goes by.</summary>
    public IReadOnlyList<string> Aliases { get; init => field = value.ToIndexable(); } = [];

    /// <summary>Mean input tokens a request, cached ones included.</summary>
    public required double InputTokens { get; init; }

    /// <summary>Mean output tokens a request.</summary>
    public required double OutputTokens { get; init; }

    /// <summary>Share of the input tokens that are cached, 0 to 1.</summary>
    public double CacheHitRatio { get; init; }

    /// <summary>True when the figures have no source.</summary>
    public bool Assumed { get; init; }

    /// <summary>Source of the figures in words.</summary>
    public string? SourceDetail { get; init; }

    /// <summary>Where the figures came from.</summary>
    public FigureSource Source { get; init; } = FigureSource.Declared;
}
