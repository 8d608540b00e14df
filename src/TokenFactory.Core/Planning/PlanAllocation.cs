namespace TokenFactory.Core.Planning;

/// <summary>A tier's part of a plan on one hardware at one operating point.</summary>
public sealed record PlanAllocation
{
    /// <summary>The tier's name.</summary>
    public required string Tier { get; init; }

    /// <summary>The hardware's name; null when the tier makes nothing.</summary>
    public string? Hardware { get; init; }

    /// <summary>The operating point; null when the tier makes nothing.</summary>
    public OperatingPoint? OperatingPoint { get; init; }

    /// <summary>Accelerators that run it; tiers may share a rack.</summary>
    public double Accelerators { get; init; }

    /// <summary>Power at the meter of these accelerators, watts; null when unknown.</summary>
    public double? PowerWatts { get; init; }

    /// <summary>That power as a share of the site's; null when either is unknown.</summary>
    public double? PowerShare { get; init; }

    /// <summary>Output tokens per day that could be sold, at the factory's utilization and the demand's peak-to-mean ratio.</summary>
    public double CapacityTokensPerDay { get; init; }

    /// <summary>Output tokens per day that are sold.</summary>
    public double TokensPerDay { get; init; }

    /// <summary>Users served at once while all accelerators are busy; null when the interactivity is unknown.</summary>
    public double? ConcurrentUsers { get; init; }

    /// <summary>Revenue per day, money.</summary>
    public double RevenuePerDay { get; init; }

    /// <summary>Cost per day, money: its accelerators' share of the hardware's cost, idle and spare units included, and of staff.</summary>
    public double? CostPerDay { get; init; }

    /// <summary>Revenue less cost per day, money.</summary>
    public double? ProfitPerDay => RevenuePerDay - CostPerDay;

    /// <summary>The currency of the money.</summary>
    public required string Currency { get; init; }
}
