using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;

namespace TokenFactory.Core.Planning;

/// <summary>A tier as the planner sees it.</summary>
/// <param name="Index">Its position in the definition.</param>
/// <param name="Definition">The tier.</param>
/// <param name="SoldShare">Share of the accelerators' tokens that can be sold: the lower of utilization and 1 / peak-to-mean.</param>
/// <param name="RevenuePerToken">Money for one sold output token with the input that goes with it.</param>
/// <param name="Minimum">Output tokens per day that must be served; 0 when none.</param>
/// <param name="Maximum">Output tokens per day that can be sold; infinite when all.</param>
/// <param name="PowerShare">Fixed share of the site's power; null when the plan decides.</param>
internal sealed record PlanTier(
    int Index, TierDefinition Definition, double SoldShare, double RevenuePerToken, double Minimum, double Maximum, double? PowerShare);

/// <summary>A hardware as the planner sees it.</summary>
/// <param name="Index">Its position in the definition.</param>
/// <param name="Definition">The hardware.</param>
/// <param name="Watts">All-in watts per accelerator; 0 when unknown.</param>
/// <param name="Hour">Cost of an accelerator-hour without staff; null when the definition does not price it.</param>
/// <param name="CapitalPerAccelerator">Price and facility per accelerator, money; 0 when rented, null without a price.</param>
/// <param name="Spare">Units that stand by.</param>
internal sealed record PlanKind(
    int Index, HardwareDefinition Definition, double Watts, AcceleratorHourCost? Hour, double? CapitalPerAccelerator, int Spare)
{
    public int Unit => Math.Max(1, Definition.UnitSize);

    /// <summary>True when the plan buys or rents it.</summary>
    public bool Bought => Definition.Count is null;

    /// <summary>Units of hardware that is there, a last one that is not full included.</summary>
    public double UnitsThere => Definition.Count is { } count ? Math.Ceiling((double)count / Unit) : 0;

    /// <summary>Accelerators that are there, less those of the spare units.</summary>
    public double Usable => Math.Max(0, (Definition.Count ?? 0) - ((double)Spare * Unit));
}

/// <summary>A factory made ready for the planner: numbers, and only the points that a best plan may need.</summary>
internal sealed class PlanInputs
{
    private PlanInputs(FactoryDefinition factory, PlanOptions options, PlanTier[] tiers, PlanKind[] kinds, List<ProductionCandidate> all, List<string> notes)
    {
        (Factory, Options, Tiers, Kinds, All, Notes) = (factory, options, tiers, kinds, all, notes);
        Candidates = Prune(all.Where(c => c.Shortcoming is null));
        InstalledWatts = kinds.Where(k => !k.Bought).Sum(k => k.Definition.Count!.Value * k.Watts);
    }

    public FactoryDefinition Factory { get; }

    public PlanOptions Options { get; }

    public PlanTier[] Tiers { get; }

    public PlanKind[] Kinds { get; }

    /// <summary>Every point of every tier, those that miss its service level included.</summary>
    public List<ProductionCandidate> All { get; }

    /// <summary>The points that meet the service level, less those that no best plan needs.</summary>
    public List<ProductionCandidate> Candidates { get; }

    public List<string> Notes { get; }

    /// <summary>Power that hardware which is there draws, watts.</summary>
    public double InstalledWatts { get; }

    public double? PowerWatts => Factory.Site.PowerWatts?.Value;

    /// <summary>True when what is there draws more than the meter gives: then only running units are counted.</summary>
    public bool Overcommitted => InstalledWatts > PowerWatts;

    /// <summary>Staff, money per day.</summary>
    public double StaffPerDay => (Factory.Finance.StaffCostPerYear?.Value ?? 0) / 365;

    /// <summary>True when every hardware is priced.</summary>
    public bool Priced => Kinds.All(k => k.Hour is not null);

    /// <summary>Reads a definition.</summary>
    /// <exception cref="TokenFactoryException">
    /// <c>PlanWithoutTier</c>, <c>PlanWithoutHardware</c>, <c>PlanWithoutDemand</c>, and those of <see cref="AcceleratorHourCost.Of"/> where the objective needs costs.
    /// </exception>
    public static PlanInputs Of(FactoryDefinition factory, PlanOptions options)
    {
        Require(factory.Tiers.Count > 0, "PlanWithoutTier", $"Factory '{factory.Name}' has no tier. State at least one under 'tiers'.", factory);
        Require(factory.Hardware.Count > 0, "PlanWithoutHardware", $"Factory '{factory.Name}' has no hardware. State at least one kind under 'hardware'.", factory);

        List<string> notes = [];
        bool needsCost = options.Objective is PlanObjective.Margin or PlanObjective.Cost;
        PlanKind[] kinds = [.. factory.Hardware.Select((h, i) => Kind(factory, options, h, i, needsCost, notes))];
        PlanTier[] tiers = [.. factory.Tiers.Select((t, i) => Tier(factory, options, t, i))];
        Require(options.Objective != PlanObjective.Cost || tiers.Any(t => t.Minimum > 0), "PlanWithoutDemand",
            $"The least cost of factory '{factory.Name}' is that of making nothing: no tier states a demand. Add 'demand' to a tier, or choose another objective.", factory);

        PlanKind? unpriced = factory.Site.Budget is null ? null : Array.Find(kinds, k => k.Bought && k.CapitalPerAccelerator is null);
        Require(unpriced is null, "PlanBudgetNeedsPrice",
            $"The site has a budget, but what {unpriced?.Definition.Name} costs is not said. Give it a 'price', or a 'rate' when it is rented.", factory);
        List<ProductionCandidate> all = [];
        foreach (TierDefinition tier in factory.Tiers)
        {
            List<string> reasons = [];
            List<ProductionCandidate> found = CandidateFinder.Find(factory, tier, options.OperatingPoints, reasons);
            all.AddRange(found);
            if (found.All(c => c.Shortcoming is not null))
            {
                IEnumerable<string> why = found.Select(c => $"On {c.Hardware.Name}: {c.Shortcoming}.").Concat(reasons);
                notes.Add($"Tier '{tier.Name}' has no operating point that is known to meet its service level. {string.Join(' ', CandidateFinder.Shortened(why))}".TrimEnd());
            }
        }

        return new PlanInputs(factory, options, tiers, kinds, all, notes);
    }

    /// <summary>The points that a best plan may need, among some.</summary>
    public static List<ProductionCandidate> Prune(IEnumerable<ProductionCandidate> candidates) =>
        [.. candidates.GroupBy(c => (Tier: (object)c.Tier, Hardware: (object)c.Hardware), PairComparer.Instance).SelectMany(g => CandidatePruning.Hull(g))];

    public PlanTier TierOf(ProductionCandidate candidate) => Array.Find(Tiers, t => ReferenceEquals(t.Definition, candidate.Tier))!;

    public PlanKind KindOf(ProductionCandidate candidate) => Array.Find(Kinds, k => ReferenceEquals(k.Definition, candidate.Hardware))!;

    private static PlanKind Kind(FactoryDefinition factory, PlanOptions options, HardwareDefinition hardware, int index, bool needsCost, List<string> notes)
    {
        double watts = CandidateFinder.Watts(factory, hardware, null) ?? 0;
        if (watts == 0 && factory.Site.PowerWatts is not null)
        {
            notes.Add($"The power of {hardware.Name} is unknown: it is not counted against the site's.");
        }

        AcceleratorHourCost? hour = null;
        try
        {
            hour = AcceleratorHourCost.Of(hardware, factory.Site, factory.Finance);
        }
        catch (TokenFactoryException e) when (!needsCost && e.ErrorId is "HardwarePriceMissing" or "LifetimeMissing" or "PowerUnknown")
        {
            notes.Add($"Cost is not reckoned. {e.Message}");
        }

        double? capital = hardware.RatePerHour is not null ? 0 : hardware.Price?.Value + (watts / 1e6 * (factory.Site.FacilityCostPerMegawatt?.Value ?? 0));
        return new PlanKind(index, hardware, watts, hour, capital, options.SpareUnits ?? factory.Site.SpareUnits);
    }

    private static PlanTier Tier(FactoryDefinition factory, PlanOptions options, TierDefinition tier, int index)
    {
        double sold = Math.Min(factory.Finance.Utilization?.Value ?? 1, 1 / Math.Max(1, tier.Demand?.PeakToMean?.Value ?? 1));
        double ratio = tier.Workload is { OutputTokens: > 0 } workload ? workload.InputTokens / workload.OutputTokens : 0;
        double cached = ratio * (tier.Workload?.CacheHitRatio ?? 0);
        double minimum = tier.Demand?.MinTokensPerDay?.Value ?? 0;
        if (options.Objective == PlanObjective.Cost)
        {
            minimum = Math.Max(minimum, tier.Demand?.MeanTokensPerDay?.Value ?? 0);
        }

        double maximum = tier.Demand?.SellableTokensPerDay ?? double.PositiveInfinity;
        Require(minimum <= maximum, "PlanDemandContradictory",
            $"Tier '{tier.Name}' must serve more than it can sell: the least of its demand is above the most. Correct its demand.", factory);
        return new PlanTier(index, tier, sold, BreakdownBuilder.Revenue(tier.Price, 1, ratio - cached, cached), minimum, maximum,
            options.IgnorePowerShares || factory.Site.PowerWatts is null ? null : tier.PowerShare);
    }

    private static void Require(bool condition, string errorId, string message, FactoryDefinition factory)
    {
        if (!condition)
        {
            throw new TokenFactoryException(errorId, FailureKind.InvalidInput, message, factory.Name);
        }
    }

    private sealed class PairComparer : IEqualityComparer<(object Tier, object Hardware)>
    {
        public static readonly PairComparer Instance = new();

        public bool Equals((object Tier, object Hardware) x, (object Tier, object Hardware) y) =>
            ReferenceEquals(x.Tier, y.Tier) && ReferenceEquals(x.Hardware, y.Hardware);

        public int GetHashCode((object Tier, object Hardware) obj) => HashCode.Combine(
            System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(obj.Tier), System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(obj.Hardware));
    }
}
