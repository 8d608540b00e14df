using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;

namespace TokenFactory.Core.Planning;

/// <summary>What the best plan is worth when the definition has ranges.</summary>
internal static class PlanDraws
{
    /// <summary>The plan with its ranges: every draw is planned anew.</summary>
    /// <param name="factory">The definition.</param>
    /// <param name="options">What the plan was asked for.</param>
    /// <param name="plan">The plan of the central figures.</param>
    /// <param name="cancellationToken">Ends the draws.</param>
    public static FactoryPlan Spread(FactoryDefinition factory, PlanOptions options, FactoryPlan plan, CancellationToken cancellationToken)
    {
        var estimates = new DefinitionEstimates(factory);
        if (estimates.Ranges.Count == 0 || options.Draws <= 0)
        {
            return plan;
        }

        PlanOptions each = options with { Draws = 0, ShadowPrices = false };
        var random = new Random(options.Seed);
        List<FactoryPlan> plans = [];
        for (int draw = 0; draw < options.Draws; draw++)
        {
            FactoryDefinition drawn = estimates.Draw(random);
            try
            {
                plans.Add(FactoryPlanner.Optimize(drawn, each, cancellationToken));
            }
            catch (TokenFactoryException e) when (e is PlanInfeasibleException || e.ErrorId == "PlanDemandContradictory")
            {
                // Counted below: a draw whose demands can't be met has no plan.
            }
        }

        return plan with
        {
            Draws = options.Draws,
            InfeasibleProbability = (options.Draws - plans.Count) / (double)options.Draws,
            TokensPerDayRange = PercentileRange.Of([.. plans.Select(p => p.TokensPerDay)]),
            RevenuePerDayRange = PercentileRange.Of([.. plans.Select(p => p.RevenuePerDay)]),
            CostPerDayRange = plan.CostPerDay is null ? null : PercentileRange.Of([.. plans.Select(p => p.CostPerDay ?? 0)]),
            ProfitPerDayRange = plan.CostPerDay is null ? null : PercentileRange.Of([.. plans.Select(p => p.ProfitPerDay ?? 0)]),
        };
    }
}
