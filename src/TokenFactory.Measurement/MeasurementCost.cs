using TokenFactory.Core;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;

namespace TokenFactory.Measurement;

/// <summary>Prices measurements in the tiers of a factory definition.</summary>
public static class MeasurementCost
{
    /// <summary>The measurement with its cost in each tier.</summary>
    /// <remarks>
    /// The measured operating point takes the place of each tier's declared one, tier by tier (<see cref="CostModel.EvaluatePoint"/>). A tier
    /// that can't be priced has the reason in place of a cost. Over several tiers the cost of a token is that of all of them a day / their output tokens a day.
    /// </remarks>
    /// <param name="measurement">The measurement.</param>
    /// <param name="factory">The definition.</param>
    /// <param name="tier">The only tier to price; null for all.</param>
    /// <exception cref="TokenFactoryException"><c>TierUnknown</c>: the definition has no such tier.</exception>
    public static ThroughputMeasurement Price(ThroughputMeasurement measurement, FactoryDefinition factory, string? tier = null)
    {
        ArgumentNullException.ThrowIfNull(measurement);
        Dictionary<string, string> unavailable = new(measurement.Unavailable, StringComparer.Ordinal);
        TierCost[] costs = [.. Tiers(factory, tier).Select(t => Cost(measurement, factory, t))];
        TierCost[] priced = [.. costs.Where(c => c.CostPerMillionOutputTokens is not null)];
        if (priced.Length == 0)
        {
            unavailable[nameof(ThroughputMeasurement.CostPerMillionOutputTokens)] =
                costs.Select(c => c.Unavailable).FirstOrDefault() ?? "The definition has no tier.";
        }

        return measurement with
        {
            CostByTier = costs,
            CostPerMillionOutputTokens = priced.Length switch
            {
                0 => null,
                1 => priced[0].CostPerMillionOutputTokens,
                _ => priced.Sum(c => c.CostPerDay) / priced.Sum(c => c.OutputTokensPerDay) * 1e6,
            },
            Currency = factory.Currency,
            Unavailable = unavailable,
        };
    }

    /// <summary>The service levels of a definition's tiers that promise any.</summary>
    /// <param name="factory">The definition.</param>
    /// <param name="tier">The only tier to take; null for all.</param>
    /// <exception cref="TokenFactoryException"><c>TierUnknown</c>: the definition has no such tier.</exception>
    public static IReadOnlyList<Load.ServiceTarget> ServiceTargets(FactoryDefinition factory, string? tier = null) =>
        [.. Tiers(factory, tier)
            .Where(t => t.Service.TtftSeconds is not null || t.Service.Interactivity is not null)
            .Select(t => new Load.ServiceTarget(t.Name, t.Service.TtftSeconds, t.Service.Interactivity))];

    private static TierDefinition[] Tiers(FactoryDefinition factory, string? tier)
    {
        ArgumentNullException.ThrowIfNull(factory);
        TierDefinition[] tiers = [.. factory.Tiers.Where(t => tier is null || string.Equals(t.Name, tier, StringComparison.OrdinalIgnoreCase))];
        return tiers.Length > 0 || tier is null ? tiers : throw new TokenFactoryException("TierUnknown", FailureKind.NotFound,
            $"Factory '{factory.Name}' has no tier '{tier}'. Its tiers are {string.Join(", ", factory.Tiers.Select(t => t.Name))}.", tier);
    }

    private static TierCost Cost(ThroughputMeasurement measurement, FactoryDefinition factory, TierDefinition tier)
    {
        if (measurement.OperatingPoint is not { } point)
        {
            return new TierCost(tier.Name, null, factory.Currency, "Nothing was measured.");
        }

        try
        {
            // The engine's or server's name of a model need not be the definition's; the user says what was measured by naming the factory.
            CostBreakdown breakdown = CostModel.EvaluatePoint(
                factory, point with { Model = tier.Model, Accelerator = tier.Hardware }, new CostOptions { Draws = 0 }).First(b => b.Tier == tier.Name);
            return new TierCost(tier.Name, breakdown.CostPerMillionOutputTokens, factory.Currency,
                breakdown.CostPerMillionOutputTokens is null ? "The cost model gave none." : null)
            {
                CostPerDay = breakdown.CostPerDay,
                OutputTokensPerDay = breakdown.OutputTokensPerDay,
            };
        }
        catch (TokenFactoryException e)
        {
            return new TierCost(tier.Name, null, factory.Currency, e.Message);
        }
    }
}
