using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Definitions;

/// <summary>How the factory goes on: power that arrives by step, prices, software.</summary>
public sealed record OutlookDefinition
{
    /// <summary>First day of the first period.</summary>
    public DateOnly? Start { get; init; }

    /// <summary>Length of a period in months.</summary>
    public int PeriodMonths { get; init; } = 3;

    /// <summary>Number of periods.</summary>
    public int PeriodCount { get; init; } = 12;

    /// <summary>The total power at the meter from each date on.</summary>
    public IReadOnlyList<BuildStep> Build { get; init => field = value.ToIndexable(); } = [];

    /// <summary>Change of all prices, as a growth rate below 1 when they fall; null is none.</summary>
    public GrowthRate? PriceChange { get; init; }

    /// <summary>Growth of throughput on the same hardware by software; null is none.</summary>
    public GrowthRate? SoftwareSpeedup { get; init; }
}

/// <summary>The total power at the meter from a date on.</summary>
/// <param name="At">The date.</param>
/// <param name="PowerWatts">Total power at the meter, watts.</param>
public sealed record BuildStep(DateOnly At, Estimate PowerWatts);
