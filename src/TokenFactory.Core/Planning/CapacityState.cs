using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Planning;

/// <summary>A tier's capacity on one day.</summary>
internal sealed record TierCapacity(
    ProductionCandidate? Candidate, double Accelerators, double Speedup, double? Demand, double Capacity, CapacityLimit Limit, string LimitDetail,
    IReadOnlyList<string> Reasons)
{
    /// <summary>Capacity / demand − 1; null without a demand.</summary>
    public double? Headroom => Demand is > 0 ? (Capacity / Demand) - 1 : null;
}

/// <summary>A factory with each tier's operating point chosen, asked day by day.</summary>
internal sealed class CapacityState
{
    private readonly FactoryDefinition _factory;
    private readonly ProductionCandidate?[] _chosen;
    private readonly List<string>[] _reasons;
    private readonly double[] _perAccelerator;
    private readonly CapacityLimit[] _missing;

    /// <summary>Chooses each tier's operating point.</summary>
    /// <param name="factory">The definition.</param>
    /// <param name="others">Points beside the declared ones.</param>
    public CapacityState(FactoryDefinition factory, IReadOnlyList<OperatingPoint> others)
    {
        _factory = factory;
        int count = factory.Tiers.Count;
        _chosen = new ProductionCandidate?[count];
        _reasons = new List<string>[count];
        _perAccelerator = new double[count];
        _missing = new CapacityLimit[count];
        double utilization = factory.Finance.Utilization?.Value ?? 1;
        for (int i = 0; i < count; i++)
        {
            TierDefinition tier = factory.Tiers[i];
            List<string> reasons = [];
            List<ProductionCandidate> candidates = CandidateFinder.Find(factory, tier, others, reasons);
            reasons.AddRange(candidates.Where(c => c.Shortcoming is not null).Select(c => $"A point on {c.Hardware.Name} is not counted: {c.Shortcoming}."));
            reasons = CandidateFinder.Shortened(reasons);

            _chosen[i] = candidates.Where(c => c.Shortcoming is null).OrderByDescending(c => Alone(i, c)).FirstOrDefault();
            _perAccelerator[i] = CapacityModel.SoldTokensPerDay(
                _chosen[i]?.OutputTokensPerSecond ?? 0, utilization, tier.Demand?.PeakToMean?.Value ?? 1);
            if (_chosen[i] is { Point.Assumed: true })
            {
                reasons.Add("The operating point is assumed: its figures have no source.");
            }

            if (_chosen[i] is { Watts: null } && factory.Site.PowerWatts is not null)
            {
                reasons.Add($"The power of {_chosen[i]!.Hardware.Name} is unknown, so the site's power is not counted as a limit.");
            }

            _reasons[i] = reasons;
            _missing[i] = candidates.Count == 0 ? CapacityLimit.OperatingPoint : CapacityLimit.ServiceLevel;
        }
    }

    /// <summary>The mean demand of a tier on a day, output tokens per day; null when it states none.</summary>
    private static double? Demand(TierDefinition tier, double years) =>
        tier.Demand is not { } demand || (demand.MeanTokensPerDay ?? demand.MinTokensPerDay) is null
            ? null
            : Math.Max(demand.MeanTokensPerDay?.Value ?? 0, demand.MinTokensPerDay?.Value ?? 0)
                * tier.Growth.Aggregate(1.0, (product, g) => product * g.After(years));

    /// <summary>Every tier's capacity on a day.</summary>
    /// <param name="date">The day.</param>
    /// <param name="origin">The day from which demand grows.</param>
    public TierCapacity[] On(DateOnly date, DateOnly origin)
    {
        int count = _chosen.Length;
        double years = CapacityModel.Years(origin, date);
        double speedup = _factory.Outlook?.SoftwareSpeedup?.After(years) ?? 1;
        List<SharedLimit> limits = SiteLimits.Of(_factory, _chosen, PowerOn(date));
        double?[] demands = [.. _factory.Tiers.Select(t => Demand(t, years))];
        double[] needs = [.. demands.Select((d, i) => d is > 0 && _chosen[i] is not null ? d.Value / (_perAccelerator[i] * speedup) : 0)];
        (double[] levels, SharedLimit?[] stops) = ProgressiveFill.Fill(needs, limits, new double[count]);

        double[] served = [.. needs.Select((n, i) => n * Math.Min(1, levels[i]))];
        double[] open = [.. demands.Select((d, i) => d is > 0 || _chosen[i] is null ? 0.0 : 1.0)];
        (double[] openLevels, SharedLimit?[] openStops) = ProgressiveFill.Fill(open, limits, served);

        return [.. Enumerable.Range(0, count).Select(i =>
        {
            if (_chosen[i] is not { } candidate)
            {
                string why = _missing[i] == CapacityLimit.OperatingPoint ? "no operating point for this tier" : "no operating point that is known to meet the service level";
                return new TierCapacity(null, 0, speedup, demands[i], 0, _missing[i], why, _reasons[i]);
            }

            double accelerators = open[i] > 0 ? openLevels[i] : levels[i] * needs[i];
            SharedLimit? stop = open[i] > 0 ? openStops[i] : stops[i];
            if (!double.IsFinite(accelerators))
            {
                throw new TokenFactoryException("CapacityUnbounded", FailureKind.InvalidInput,
                    $"Nothing limits tier '{candidate.Tier.Name}' on {candidate.Hardware.Name}, so its capacity can't be told. State the hardware's 'count', or the site's 'power' with the hardware's 'allInPower'.",
                    candidate.Tier.Name);
            }

            return new TierCapacity(candidate, accelerators, speedup, demands[i], accelerators * _perAccelerator[i] * speedup,
                stop?.Limit ?? CapacityLimit.None, stop?.Detail ?? "", _reasons[i]);
        })];
    }

    private double Alone(int index, ProductionCandidate candidate)
    {
        var chosen = new ProductionCandidate?[_chosen.Length];
        chosen[index] = candidate;
        double[] weights = new double[chosen.Length];
        weights[index] = 1;
        List<SharedLimit> limits = SiteLimits.Of(_factory, chosen, _factory.Site.PowerWatts?.Value);
        double level = ProgressiveFill.Fill(weights, limits, new double[chosen.Length]).Levels[index];
        return (double.IsFinite(level) ? level : 1) * candidate.OutputTokensPerSecond;
    }

    private double? PowerOn(DateOnly date)
    {
        BuildStep? step = _factory.Outlook?.Build.Where(s => s.At <= date).MaxBy(s => s.At);
        return step?.PowerWatts.Value ?? _factory.Site.PowerWatts?.Value;
    }
}
