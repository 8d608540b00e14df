using TokenFactory.Core.Economics;

namespace TokenFactory.Core.Planning;

/// <summary>How a factory divides power and hardware over its tiers, and what that earns: made by <see cref="FactoryPlanner"/>.</summary>
public sealed record FactoryPlan
{
    /// <summary>The factory's name.</summary>
    public required string Factory { get; init; }

    /// <summary>What was made as large, or as small, as possible.</summary>
    public required PlanObjective Objective { get; init; }

    /// <summary>Who makes what on which hardware at which operating point; a tier that makes nothing has one row of zeros.</summary>
    public required IReadOnlyList<PlanAllocation> Allocations { get; init => field = value.ToIndexable(); }

    /// <summary>The hardware that the plan runs, buys or rents.</summary>
    public required IReadOnlyList<PlanHardware> Hardware { get; init => field = value.ToIndexable(); }

    /// <summary>Sold output tokens per day.</summary>
    public double TokensPerDay { get; init; }

    /// <summary>Revenue per day, money.</summary>
    public double RevenuePerDay { get; init; }

    /// <summary>Cost per day, money, idle hardware and staff included; null when the definition does not price its hardware.</summary>
    public double? CostPerDay { get; init; }

    /// <summary>Draws behind the ranges; 0 when the definition has none, or none were asked for.</summary>
    /// <remarks>Every draw is planned anew: a range says what the best plan is worth over what the figures may turn out to be, and not what this plan would earn then.</remarks>
    public int Draws { get; init; }

    /// <summary>Share of the draws in which no plan serves the demands that must be served; null without draws. The ranges are of the others.</summary>
    public double? InfeasibleProbability { get; init; }

    /// <summary>Range of <see cref="TokensPerDay"/>; null without draws.</summary>
    public PercentileRange? TokensPerDayRange { get; init; }

    /// <summary>Range of <see cref="RevenuePerDay"/>; null without draws.</summary>
    public PercentileRange? RevenuePerDayRange { get; init; }

    /// <summary>Range of <see cref="CostPerDay"/>; null without draws, or when the cost is unknown.</summary>
    public PercentileRange? CostPerDayRange { get; init; }

    /// <summary>Range of <see cref="ProfitPerDay"/>; null without draws, or when the cost is unknown.</summary>
    public PercentileRange? ProfitPerDayRange { get; init; }

    /// <summary>Revenue less cost per day, money; null when the cost is unknown.</summary>
    public double? ProfitPerDay => RevenuePerDay - CostPerDay;

    /// <summary>Profit / revenue; null when the cost is unknown or nothing is earned.</summary>
    public double? Margin => RevenuePerDay > 0 ? ProfitPerDay / RevenuePerDay : null;

    /// <summary>Capital that the plan spends, money, facility included; hardware that is there is not bought again.</summary>
    public double? Capital { get; init; }

    /// <summary>Power at the meter, watts, idle and spare units included; what is unknown is not counted.</summary>
    public double PowerWatts { get; init; }

    /// <summary>The currency of all money.</summary>
    public required string Currency { get; init; }

    /// <summary>Every limit with what is used of it, and whether it binds.</summary>
    public required IReadOnlyList<PlanLimit> Limits { get; init => field = value.ToIndexable(); }

    /// <summary>What a little more of a limit is worth.</summary>
    public required IReadOnlyList<ShadowPrice> ShadowPrices { get; init => field = value.ToIndexable(); }

    /// <summary>The objective's value: money or tokens per day.</summary>
    public double ObjectiveValue { get; init; }

    /// <summary>No plan with whole racks can be better than this; the same as the value when nothing must be whole.</summary>
    public double ObjectiveBound { get; init; }

    /// <summary>(bound − value) / bound, 0 when optimality is proven.</summary>
    public double Gap { get; init; }

    /// <summary>The value if racks could be divided: the linear relaxation's.</summary>
    public double RelaxationValue { get; init; }

    /// <summary>Wall time of the whole, model building and shadow prices included, seconds.</summary>
    public double SolveSeconds { get; init; }

    /// <summary>What was found on the way: points that were not counted and why, what is unknown or assumed.</summary>
    public IReadOnlyList<string> Notes { get; init => field = value.ToIndexable(); } = [];
}
