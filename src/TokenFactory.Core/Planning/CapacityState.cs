using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Planning;

/// <summary>A tier's capacity on one day.</summary>
internal sealed record TierCapacity(
    IReadOnlyList<(ProductionCandidate Candidate, double Accelerators)> Runs, double Speedup, double? Demand, double Capacity,
    CapacityLimit Limit, string LimitDetail, IReadOnlyList<string> Reasons)
{
    /// <summary>Capacity / demand − 1; null without a demand.</summary>
    public double? Headroom => Demand is > 0 ? (Capacity / Demand) - 1 : null;
}

/// <summary>A factory with each tier's usable operating points, asked day by day.</summary>
internal sealed class CapacityState
{
    private const string Missing = "no operating point for this tier: declare its 'production', or give a measured one with -OperatingPoint";
    private const string Unmet = "no operating point that is known to meet the service level";

    private readonly FactoryDefinition _factory;
    private readonly List<ProductionCandidate> _candidates = [];
    private readonly int[][] _own;
    private readonly List<string>[] _reasons;
    private readonly double[] _soldShare;
    private readonly CapacityLimit[] _missing;
    private readonly bool _buys;
    private readonly CancellationToken _cancellationToken;

    /// <summary>Finds each tier's usable operating points.</summary>
    /// <param name="factory">The definition.</param>
    /// <param name="others">Points beside the declared ones.</param>
    /// <param name="cancellationToken">Stops.</param>
    public CapacityState(FactoryDefinition factory, IReadOnlyList<OperatingPoint> others, CancellationToken cancellationToken)
    {
        (_factory, _cancellationToken) = (factory, cancellationToken);
        int count = factory.Tiers.Count;
        _buys = factory.Hardware.Any(h => h.Count is null);
        (_own, _reasons, _soldShare, _missing) = (new int[count][], new List<string>[count], new double[count], new CapacityLimit[count]);
        for (int i = 0; i < count; i++)
        {
            TierDefinition tier = factory.Tiers[i];
            List<string> reasons = [];
            List<ProductionCandidate> found = CandidateFinder.Find(factory, tier, others, reasons);
            ProductionCandidate[] usable = Usable(found);
            _own[i] = [.. Enumerable.Range(_candidates.Count, usable.Length)];
            _candidates.AddRange(usable);
            _soldShare[i] = CapacityModel.SoldTokensPerDay(1, factory.Finance.Utilization?.Value ?? 1, tier.Demand?.PeakToMean?.Value ?? 1);
            _missing[i] = found.Count == 0 ? CapacityLimit.OperatingPoint : CapacityLimit.ServiceLevel;
            reasons.AddRange(found.Where(c => c.Shortcoming is not null).Select(c => $"A point on {c.Hardware.Name} is not counted: {c.Shortcoming}."));
            _reasons[i] = CandidateFinder.Shortened(reasons);
            if (Array.Exists(usable, c => c.Point.Assumed))
            {
                _reasons[i].Add("The operating point is assumed: its figures have no source.");
            }

            foreach (string unknown in usable.Where(c => c.Watts is null && factory.Site.PowerWatts is not null).Select(c => c.Hardware.Name).Distinct())
            {
                _reasons[i].Add($"The power of {unknown} is unknown, so the site's power is not counted as a limit.");
            }
        }
    }

    /// <summary>Every tier's capacity on a day.</summary>
    /// <param name="date">The day.</param>
    /// <param name="origin">The day from which demand grows.</param>
    public TierCapacity[] On(DateOnly date, DateOnly origin)
    {
        double years = CapacityModel.Years(origin, date);
        double speedup = _factory.Outlook?.SoftwareSpeedup?.After(years) ?? 1;
        List<SharedLimit> limits = SiteLimits.Of(_factory, _candidates, PowerOn(date));
        double?[] demands = [.. _factory.Tiers.Select(t => Demand(t, years))];
        double[][] tokens = [.. _own.Select((own, i) => own.Select(c => _candidates[c].OutputTokensPerSecond * _soldShare[i] * speedup).ToArray())];

        bool[] open = [.. demands.Select(d => d is not > 0)];
        (FillResult growing, FillResult left) = FillAll(tokens, demands, open, limits);
        if (_buys && Array.TrueForAll(left.Levels, double.IsFinite) && WholeUnits.Of(_factory, _candidates, limits, Growing(tokens, demands, open), _cancellationToken, growing, left) is { Count: > 0 } whole)
        {
            (growing, left) = FillAll(tokens, demands, open, [.. limits, .. whole]);
        }

        return [.. Enumerable.Range(0, demands.Length).Select(i =>
        {
            FillResult result = open[i] ? left : growing;
            if (_own[i].Length == 0)
            {
                return new TierCapacity([], speedup, demands[i], 0, _missing[i], _missing[i] == CapacityLimit.OperatingPoint ? Missing : Unmet, _reasons[i]);
            }

            if (!double.IsFinite(result.Levels[i]))
            {
                throw Unbounded(_factory.Tiers[i], _candidates[_own[i][0]]);
            }

            double capacity = open[i]
                ? _own[i].Select((c, k) => result.Accelerators[c] * tokens[i][k]).Sum()
                : result.Levels[i] * demands[i]!.Value;
            return new TierCapacity([.. _own[i].Select(c => (_candidates[c], result.Accelerators[c])).Where(r => r.Item2 > 1e-9)], speedup, demands[i], capacity,
                result.Stops[i]?.Limit ?? CapacityLimit.None, result.Stops[i]?.Detail ?? "", _reasons[i]);
        })];
    }

    private (FillResult Growing, FillResult Left) FillAll(double[][] tokens, double?[] demands, bool[] open, List<SharedLimit> limits)
    {
        FillResult growing = Fill([.. _own.Select((own, i) => new FillItem(own, tokens[i], demands[i] ?? 0))], limits);
        FillItem[] rest = [.. _own.Select((own, i) => open[i]
            ? new FillItem(own, [.. own.Select(_ => 1.0)], 1)
            : new FillItem(own, tokens[i], 0, demands[i]!.Value * Math.Min(1, growing.Levels[i])))];
        return (growing, open.Any(o => o) ? Fill(rest, limits) : growing);
    }

    private FillItem[] Growing(double[][] tokens, double?[] demands, bool[] open) => Array.TrueForAll(open, o => o)
        ? [.. _own.Select(own => new FillItem(own, [.. own.Select(_ => 1.0)], 1))]
        : [.. _own.Select((own, i) => new FillItem(own, tokens[i], demands[i] ?? 0))];

    private FillResult Fill(FillItem[] items, List<SharedLimit> limits) => FairFill.Fill(items, _candidates.Count, limits, _cancellationToken);

    // On one hardware the fastest point alone counts, unless power may make a more sparing one the better.
    private ProductionCandidate[] Usable(IEnumerable<ProductionCandidate> found)
    {
        IEnumerable<ProductionCandidate> meeting = found.Where(c => c.Shortcoming is null);
        bool byPower = _factory.Site.PowerWatts is not null || _factory.Outlook is { Build.Count: > 0 };
        return [.. meeting.GroupBy(c => c.Hardware, ReferenceEqualityComparer.Instance)
            .SelectMany(g => byPower ? CandidatePruning.Hull(g) : [g.MaxBy(c => c.OutputTokensPerSecond)!])];
    }

    private static double? Demand(TierDefinition tier, double years) =>
        tier.Demand is not { } demand || (demand.MeanTokensPerDay ?? demand.MinTokensPerDay) is null
            ? null
            : Math.Max(demand.MeanTokensPerDay?.Value ?? 0, demand.MinTokensPerDay?.Value ?? 0)
                * tier.Growth.Aggregate(1.0, (product, g) => product * g.After(years));

    private static TokenFactoryException Unbounded(TierDefinition tier, ProductionCandidate candidate) => new("CapacityUnbounded", FailureKind.InvalidInput,
        $"Nothing limits tier '{tier.Name}' on {candidate.Hardware.Name}, so its capacity can't be told. State the hardware's 'count', or the site's 'power' with the hardware's 'allInPower'.",
        tier.Name);

    private double? PowerOn(DateOnly date)
    {
        BuildStep? step = _factory.Outlook?.Build.Where(s => s.At <= date).MaxBy(s => s.At);
        return step?.PowerWatts.Value ?? _factory.Site.PowerWatts?.Value;
    }
}
