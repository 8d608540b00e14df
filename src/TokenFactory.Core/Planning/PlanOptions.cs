namespace TokenFactory.Core.Planning;

/// <summary>What <see cref="FactoryPlanner"/> is asked for.</summary>
public sealed record PlanOptions
{
    /// <summary>What to make as large, or as small, as possible.</summary>
    public PlanObjective Objective { get; init; } = PlanObjective.Revenue;

    /// <summary>Operating points beside those that the definition declares.</summary>
    public IReadOnlyList<OperatingPoint> OperatingPoints { get; init; } = [];

    /// <summary>Units of each hardware that may be down; null takes the site's.</summary>
    public int? SpareUnits { get; init; }

    /// <summary>True lets the plan split the power itself where tiers state a fixed share.</summary>
    public bool IgnorePowerShares { get; init; }

    /// <summary>Whole racks are searched until this close to the bound, as a fraction of it.</summary>
    public double RelativeGap { get; init; } = 1e-4;

    /// <summary>Longest search for whole racks; the best plan found by then is given with its gap.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>False leaves out shadow prices, which need further solves.</summary>
    public bool ShadowPrices { get; init; } = true;

    /// <summary>Draws of the Monte Carlo when the definition has ranges; 0 gives central figures only.</summary>
    public int Draws { get; init; }

    /// <summary>Seed of the draws: the same seed and definition give the same figures.</summary>
    public int Seed { get; init; } = 1;
}
