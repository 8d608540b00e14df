using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Economics;

/// <summary>What the tokens of each tier cost and earn, split into causes that sum to the last digit.</summary>
/// <remarks>
/// Cost per million tokens = (money per accelerator-hour) / (tokens/s per accelerator × 3600 × utilization) × 10⁶. Everything paid for is in some
/// tier's cost: hours that make no sold token are the cause idle. Formulas and sources: docs/cost-model.md.
/// </remarks>
public static class CostModel
{
    /// <summary>Prices every tier at its declared operating points.</summary>
    /// <param name="definition">The factory.</param>
    /// <param name="options">How ranges are drawn; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the draws.</param>
    /// <returns>One breakdown a tier, in the file's order.</returns>
    /// <exception cref="TokenFactoryException">
    /// <c>OperatingPointMissing</c>, <c>HardwareUnknown</c>, <c>HardwareAmbiguous</c> and those of <see cref="AcceleratorHourCost"/> and <see cref="PointEconomics"/>.
    /// </exception>
    public static IReadOnlyList<CostBreakdown> Evaluate(
        FactoryDefinition definition, CostOptions? options = null, CancellationToken cancellationToken = default)
    {
        CostOptions how = options ?? new CostOptions();
        CostBreakdown[] central = Central(definition);
        var estimates = new DefinitionEstimates(definition);
        if (estimates.Ranges.Count == 0 || how.Draws <= 0)
        {
            return central;
        }

        var random = new Random(how.Seed);
        int tiers = central.Length;
        double[][] perMillion = Rows(tiers, how.Draws), total = Rows(tiers, how.Draws), cost = Rows(tiers, how.Draws), revenue = Rows(tiers, how.Draws), profit = Rows(tiers, how.Draws);
        for (int draw = 0; draw < how.Draws; draw++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            CostBreakdown[] drawn = Central(estimates.Draw(random));
            for (int t = 0; t < tiers; t++)
            {
                perMillion[t][draw] = drawn[t].CostPerMillionOutputTokens ?? double.PositiveInfinity;
                total[t][draw] = drawn[t].TotalCostPerMillionOutputTokens ?? double.PositiveInfinity;
                cost[t][draw] = drawn[t].CostPerDay;
                revenue[t][draw] = drawn[t].RevenuePerDay;
                profit[t][draw] = drawn[t].ProfitPerDay;
            }
        }

        return [.. central.Select((c, t) => c with
        {
            // Draws that sell nothing have no cost per token, and then neither has the range.
            CostPerMillionOutputTokensRange = Array.TrueForAll(perMillion[t], double.IsFinite) ? PercentileRange.Of(perMillion[t]) : null,
            TotalCostPerMillionOutputTokensRange = Array.TrueForAll(total[t], double.IsFinite) ? PercentileRange.Of(total[t]) : null,
            CostPerDayRange = PercentileRange.Of(cost[t]),
            RevenuePerDayRange = PercentileRange.Of(revenue[t]),
            ProfitPerDayRange = PercentileRange.Of(profit[t]),
        })];
    }

    /// <summary>Prices an operating point, measured or predicted, on every tier that it fits, in place of the tier's declared ones.</summary>
    /// <remarks>
    /// A point fits a tier when neither names another's model or hardware. All tiers that it fits run at it together, so that hardware which they share is paid for
    /// once. Other tiers keep their declared points; those that declare none take no hardware here.
    /// </remarks>
    /// <param name="definition">The factory.</param>
    /// <param name="point">The point.</param>
    /// <param name="options">How ranges are drawn; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the draws.</param>
    /// <exception cref="TokenFactoryException"><c>NoTierFits</c> and those of <see cref="Evaluate"/>.</exception>
    public static IReadOnlyList<CostBreakdown> EvaluatePoint(
        FactoryDefinition definition, OperatingPoint point, CostOptions? options = null, CancellationToken cancellationToken = default)
    {
        TierDefinition[] fitting = [.. definition.Tiers.Where(t => Fits(definition, t, point))];
        if (fitting.Length == 0)
        {
            throw new TokenFactoryException("NoTierFits", FailureKind.NotFound,
                $"No tier of factory '{definition.Name}' serves model '{point.Model}' on '{point.Accelerator ?? "any hardware"}'. Leave model out of the tier, or name this one in it.", point.Model);
        }

        FactoryDefinition whole = definition with
        {
            Tiers = [.. definition.Tiers
                .Where(t => t.Production.Count > 0 || fitting.Contains(t))
                .Select(t => fitting.Contains(t) ? t with { Production = [point] } : t)],
        };
        return [.. Evaluate(whole, options, cancellationToken).Where(b => Array.Exists(fitting, t => t.Name == b.Tier))];
    }

    /// <summary>Prices one tier at a point of the caller's choice, the other tiers at their declared ones.</summary>
    /// <param name="definition">The factory.</param>
    /// <param name="tier">The tier, one of the factory's.</param>
    /// <param name="point">The point.</param>
    /// <param name="options">How ranges are drawn; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the draws.</param>
    public static CostBreakdown EvaluateTier(
        FactoryDefinition definition, TierDefinition tier, OperatingPoint point, CostOptions? options = null, CancellationToken cancellationToken = default)
    {
        FactoryDefinition one = definition with
        {
            Tiers = [.. definition.Tiers
                .Where(t => t.Production.Count > 0 || ReferenceEquals(t, tier))
                .Select(t => ReferenceEquals(t, tier) ? t with { Production = [point] } : t)],
        };
        return Evaluate(one, options, cancellationToken).First(b => b.Tier == tier.Name);
    }

    /// <summary>The hardware that a tier runs on at a point: the one it names, else the one the point names, else the only one.</summary>
    /// <param name="definition">The factory.</param>
    /// <param name="tier">The tier.</param>
    /// <param name="point">The point; null when none is known.</param>
    /// <exception cref="TokenFactoryException"><c>HardwareUnknown</c>, <c>HardwareAmbiguous</c>.</exception>
    public static HardwareDefinition HardwareOf(FactoryDefinition definition, TierDefinition tier, OperatingPoint? point)
    {
        if (tier.Hardware is { } name)
        {
            return definition.Hardware.FirstOrDefault(h => Same(h.Name, name)) ?? throw new TokenFactoryException("HardwareUnknown", FailureKind.NotFound,
                $"Tier '{tier.Name}' runs on hardware '{name}', which the definition does not have. Add it under hardware.", name);
        }

        HardwareDefinition? named = point?.Accelerator is { } accelerator
            ? definition.Hardware.FirstOrDefault(h => IsNamed(h, accelerator))
            : null;
        return named ?? (definition.Hardware.Count == 1 ? definition.Hardware[0] : throw new TokenFactoryException("HardwareAmbiguous", FailureKind.InvalidInput,
            definition.Hardware.Count == 0
                ? $"Tier '{tier.Name}' needs hardware to be priced. Add a hardware section with a price or a rate."
                : $"Tier '{tier.Name}' names no hardware and the definition has {definition.Hardware.Count}. Add 'hardware: {definition.Hardware[0].Name}' to the tier, or let Optimize-TokenFactory choose.",
            tier.Name));
    }

    private static double[][] Rows(int rows, int columns) => [.. Enumerable.Range(0, rows).Select(_ => new double[columns])];

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

    private static bool IsNamed(HardwareDefinition hardware, string name) => Same(hardware.Name, name)
        || (hardware.Accelerator is { } known && (Same(known.Name, name) || known.Aliases.Any(a => Same(a, name))));

    private static bool Fits(FactoryDefinition definition, TierDefinition tier, OperatingPoint point)
    {
        if (tier.Model is { } model && point.Model is { } served && !Same(model, served))
        {
            ModelDefinition? declared = definition.Models.FirstOrDefault(m => Same(m.Name, model));
            if (declared?.Architecture is not { } shape || !(Same(shape.Name, served) || shape.Aliases.Any(a => Same(a, served))))
            {
                return false;
            }
        }

        return tier.Hardware is not { } hardware || point.Accelerator is not { } accelerator
            || definition.Hardware.FirstOrDefault(h => Same(h.Name, hardware)) is not { } kind || IsNamed(kind, accelerator)
            // An accelerator that the definition does not know is this machine's own name for what it was measured on.
            || definition.Hardware.All(h => !IsNamed(h, accelerator));
    }

    private static CostBreakdown[] Central(FactoryDefinition definition)
    {
        double utilization = definition.Finance.Utilization ?? 1;
        if (!(utilization is > 0 and <= 1))
        {
            throw new TokenFactoryException("UtilizationOutOfRange", FailureKind.InvalidInput,
                "Utilization is the share of hours that make sold tokens: above 0 % and at most 100 %. Correct finance.utilization.", utilization);
        }

        TierLoad[] loads = [.. definition.Tiers.Select(t => Load(definition, t))];
        FleetAllocation.Allocate(definition, loads, utilization);
        double factory = loads.Sum(l => l.CostPerDay);
        if (!(factory < 1e100))
        {
            throw new TokenFactoryException("FigureOutOfRange", FailureKind.InvalidInput,
                $"Factory '{definition.Name}' comes out at {factory:G3} a day, which no money can be. Check counts, power, prices and demand.", definition.Name);
        }

        var grid = new ExactParts(factory);
        return [.. loads.Select(l => BreakdownBuilder.Build(definition, l, grid))];
    }

    /// <summary>The tier at the cheapest of its points that meet its service level, at the cheapest of all when none does.</summary>
    internal static TierLoad Load(FactoryDefinition definition, TierDefinition tier)
    {
        TierLoad? best = null;
        double bestCost = double.PositiveInfinity;
        foreach (OperatingPoint point in tier.Production)
        {
            HardwareDefinition hardware = HardwareOf(definition, tier, point);
            var work = PointEconomics.Of(point, tier.Workload);
            bool? meets = MeetsService(tier.Service, point);
            double cost = work.CostPerMillionOutputTokens(
                AcceleratorHourCost.Of(hardware, definition.Site, definition.Finance, 0, point.PowerWattsPerAccelerator).Total);
            if (best is null || (meets != false && best.MeetsService == false) || ((meets != false) == (best.MeetsService != false) && cost < bestCost))
            {
                bestCost = cost;
                best = new TierLoad
                {
                    Tier = tier,
                    Hardware = hardware,
                    Point = point,
                    Work = work,
                    MeetsService = meets,
                    PowerWatts = point.PowerWattsPerAccelerator ?? AcceleratorHourCost.AllInPowerWatts(hardware, definition.Site),
                    Demand = Demand(tier),
                };
            }
        }

        return best ?? throw PointMissing(tier);
    }

    /// <summary>The failure of a tier that has no operating point.</summary>
    /// <param name="tier">The tier.</param>
    public static TokenFactoryException PointMissing(TierDefinition tier) => new("OperatingPointMissing", FailureKind.InvalidInput,
        $"Tier '{tier.Name}' has no operating point to price. Add one to it, for example 'production: {{ output: 1850 tok/s/accelerator }}', or pipe a measured one: Measure-TokenFactoryThroughput | Get-TokenFactoryCost -Factory ...", tier.Name);

    private static double? Demand(TierDefinition tier)
    {
        double? asked = tier.Demand?.SellableTokensPerDay;
        // Less than a millionth of a token a day is none.
        return asked is null or (>= 0 and < 1e100) ? (asked < 1e-6 ? 0 : asked) : throw new TokenFactoryException("DemandOutOfRange", FailureKind.InvalidInput,
            $"Demand can't be below nothing. Correct the demand of tier '{tier.Name}'.", tier.Name);
    }

    private static bool? MeetsService(ServiceLevel service, OperatingPoint point)
    {
        if (service.Interactivity is null && service.TtftSeconds is null)
        {
            return null;
        }

        return (service.Interactivity is not { } least || point.Interactivity >= least)
            && (service.TtftSeconds is not { } most || point.TtftSeconds <= most);
    }
}
