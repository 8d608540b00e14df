namespace TokenFactory.Core.Definitions;

/// <summary>A token factory as its owner describes it: site, money, hardware, models and the tiers that it sells.</summary>
/// <remarks>
/// All values are in base units: watts, seconds, tokens, and money in <see cref="Currency"/>. What is absent in the file is
/// null here; it is an error only where an answer needs it.
/// </remarks>
public record FactoryDefinition
{
    /// <summary>The factory's name.</summary>
    public required string Name { get; init; }

    /// <summary>ISO 4217 code of the currency that all money is in.</summary>
    public string Currency { get; init; } = "USD";

    /// <summary>Power, energy, space and capital of the site.</summary>
    public SiteDefinition Site { get; init; } = new();

    /// <summary>Lifetimes, discount rate, utilization and staff.</summary>
    public FinanceDefinition Finance { get; init; } = new();

    /// <summary>The kinds of hardware that there are or may be bought.</summary>
    public IReadOnlyList<HardwareDefinition> Hardware { get; init => field = value.ToIndexable(); } = [];

    /// <summary>The models that are served.</summary>
    public IReadOnlyList<ModelDefinition> Models { get; init => field = value.ToIndexable(); } = [];

    /// <summary>The grades that are sold, in the file's order.</summary>
    public IReadOnlyList<TierDefinition> Tiers { get; init => field = value.ToIndexable(); } = [];

    /// <summary>Who uses the tokens, for a budget.</summary>
    public IReadOnlyList<RoleDefinition> People { get; init => field = value.ToIndexable(); } = [];

    /// <summary>How power, price and demand go on; null when the file has none.</summary>
    public OutlookDefinition? Outlook { get; init; }

    /// <summary>Full path of the file; null when it was read from text.</summary>
    public string? Path { get; init; }
}
