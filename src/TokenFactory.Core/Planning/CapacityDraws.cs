using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;

namespace TokenFactory.Core.Planning;

/// <summary>What verdicts come out as when the definition has ranges.</summary>
internal static class CapacityDraws
{
    private const double Tolerance = 1e-9;

    /// <summary>The verdicts with their ranges: each draw's capacity and demand on the day that the verdict is of.</summary>
    /// <param name="factory">The definition.</param>
    /// <param name="options">The question.</param>
    /// <param name="origin">The day from which demand grows.</param>
    /// <param name="verdicts">The verdicts of the central figures.</param>
    /// <param name="cancellationToken">Ends the draws.</param>
    public static CapacityVerdict[] Spread(FactoryDefinition factory, CapacityOptions options, DateOnly origin, CapacityVerdict[] verdicts, CancellationToken cancellationToken)
    {
        var estimates = new DefinitionEstimates(factory);
        if (estimates.Ranges.Count == 0 || options.Draws <= 0)
        {
            return verdicts;
        }

        int tiers = verdicts.Length;
        double[][] capacity = Rows(tiers, options.Draws), demand = Rows(tiers, options.Draws), headroom = Rows(tiers, options.Draws);
        DateOnly[] days = [.. verdicts.Select(v => v.Date).Distinct()];
        var random = new Random(options.Seed);
        for (int draw = 0; draw < options.Draws; draw++)
        {
            var state = new CapacityState(estimates.Draw(random), options.OperatingPoints, cancellationToken);
            foreach (DateOnly day in days)
            {
                TierCapacity[] drawn = state.On(day, origin);
                for (int t = 0; t < tiers; t++)
                {
                    if (verdicts[t].Date == day)
                    {
                        (capacity[t][draw], demand[t][draw], headroom[t][draw]) = (drawn[t].Capacity, drawn[t].Demand ?? double.NaN, drawn[t].Headroom ?? double.NaN);
                    }
                }
            }
        }

        return [.. verdicts.Select((v, t) => v with
        {
            Draws = options.Draws,
            HoldsProbability = v.Headroom is null ? null : headroom[t].Count(h => h >= options.RequiredHeadroom - Tolerance) / (double)options.Draws,
            CapacityTokensPerDayRange = PercentileRange.Of(capacity[t]),
            DemandTokensPerDayRange = Array.TrueForAll(demand[t], double.IsFinite) ? PercentileRange.Of(demand[t]) : null,
            HeadroomRange = Array.TrueForAll(headroom[t], double.IsFinite) ? PercentileRange.Of(headroom[t]) : null,
        })];
    }

    private static double[][] Rows(int rows, int columns) => [.. Enumerable.Range(0, rows).Select(_ => new double[columns])];
}
