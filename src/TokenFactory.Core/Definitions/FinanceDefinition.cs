using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Definitions;

/// <summary>How capital turns into cost, and how much of the capacity is sold.</summary>
public sealed record FinanceDefinition
{
    /// <summary>Years over which hardware is paid.</summary>
    public Estimate? LifetimeYears { get; init; }

    /// <summary>Years over which the facility is paid.</summary>
    public Estimate? FacilityLifetimeYears { get; init; }

    /// <summary>Discount rate a year, as a fraction.</summary>
    public Estimate? DiscountRate { get; init; }

    /// <summary>Share of capacity hours that produce sold tokens, 0 to 1. Absent is 1.</summary>
    public Estimate? Utilization { get; init; }

    /// <summary>Staff, money a year.</summary>
    public Estimate? StaffCostPerYear { get; init; }
}
