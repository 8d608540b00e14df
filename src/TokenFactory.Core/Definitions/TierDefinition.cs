using TokenFactory.Core.Catalog;

namespace TokenFactory.Core.Definitions;

/// <summary>A grade of tokens: what it promises, at which price, to whom.</summary>
public sealed record TierDefinition
{
    /// <summary>The tier's name.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the model that serves it; null when not said.</summary>
    public string? Model { get; init; }

    /// <summary>Name of the hardware it runs on; null means that the planner chooses.</summary>
    public string? Hardware { get; init; }

    /// <summary>Longest context that the grade promises, tokens.</summary>
    public long? ContextTokens { get; init; }

    /// <summary>A quality score or word.</summary>
    public string? Quality { get; init; }

    /// <summary>Prices, money per million tokens.</summary>
    public TierPrice Price { get; init; } = new();

    /// <summary>The shape of its requests; null when not said.</summary>
    public WorkloadProfile? Workload { get; init; }

    /// <summary>What it promises at P90.</summary>
    public ServiceLevel Service { get; init; } = new();

    /// <summary>The operating points declared for it.</summary>
    public IReadOnlyList<OperatingPoint> Production { get; init => field = value.ToIndexable(); } = [];

    /// <summary>Demand for output tokens; null means that all that can be made is sold.</summary>
    public DemandDefinition? Demand { get; init; }

    /// <summary>How demand grows; the factors multiply. Empty means not at all.</summary>
    public IReadOnlyList<GrowthRate> Growth { get; init => field = value.ToIndexable(); } = [];

    /// <summary>How this tier's prices change; null means that the outlook's change holds.</summary>
    public GrowthRate? PriceChange { get; init; }

    /// <summary>A fixed share of the site's power, 0 to 1; null means that the planner decides.</summary>
    public double? PowerShare { get; init; }
}
