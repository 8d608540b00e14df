using System.Globalization;
using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Planning;

/// <summary>What a site allows on a day, as limits that tiers share.</summary>
internal static class SiteLimits
{
    /// <summary>The limits for tiers at their candidates.</summary>
    /// <param name="factory">The definition.</param>
    /// <param name="chosen">The candidates, any number a tier.</param>
    /// <param name="powerWatts">Power at the meter on that day, watts; null when unlimited.</param>
    /// <remarks>
    /// Hardware that is there (<c>count</c>) draws its all-in power whether it is used or not, and what is left of the meter is for hardware that may be
    /// bought. When even what is there draws more than the meter gives, some of it is off and nothing can be bought beside it. Spare units
    /// (N-1) stand by with power, space and capital of their own.
    /// </remarks>
    public static List<SharedLimit> Of(FactoryDefinition factory, IReadOnlyList<ProductionCandidate> chosen, double? powerWatts)
    {
        List<SharedLimit> limits = [];
        SiteDefinition site = factory.Site;
        int spare = site.SpareUnits;
        foreach (HardwareDefinition hardware in factory.Hardware)
        {
            if (hardware.Count is { } count)
            {
                double usable = Math.Max(0, count - ((double)spare * hardware.UnitSize));
                string detail = Text($"{count} {(count == 1 ? "accelerator" : "accelerators")} of {hardware.Name}{(spare > 0 ? $", {spare * hardware.UnitSize} of them spare" : "")}");
                limits.Add(new SharedLimit(CapacityLimit.Accelerators, detail, usable, Each(chosen, c => ReferenceEquals(c.Hardware, hardware) ? 1 : 0)));
            }
        }

        double installed = factory.Hardware.Sum(h => (h.Count ?? 0) * (CandidateFinder.Watts(factory, h, null) ?? 0));
        if (powerWatts is { } power)
        {
            bool overcommitted = installed > power;
            bool Counts(ProductionCandidate c) => c.Watts is not null && overcommitted != (c.Hardware.Count is null);
            double spares = overcommitted ? 0 : SpareOf(chosen, spare, c => c.Watts ?? 0);
            double shared = Math.Max(0, power - (overcommitted ? 0 : installed) - spares);
            double reserved = 0;
            foreach (TierDefinition tier in factory.Tiers)
            {
                if (tier.PowerShare is { } share)
                {
                    string part = Text($"{share:P0} of {power / 1e6:G6} MW at the meter");
                    limits.Add(new SharedLimit(CapacityLimit.Power, part, share * power, Each(chosen, c => ReferenceEquals(c.Tier, tier) ? c.Watts ?? 0 : 0)));
                    reserved += chosen.Where(c => ReferenceEquals(c.Tier, tier)).All(Counts) ? share * power : 0;
                }
            }

            string detail = Text($"{power / 1e6:G6} MW at the meter{(!overcommitted && installed > 0 ? $", {installed / 1e6:G6} MW of it for what is there" : "")}");
            limits.Add(new SharedLimit(CapacityLimit.Power, detail, shared, Each(chosen, c => Counts(c) ? c.Watts!.Value : 0)));
            limits.Add(new SharedLimit(CapacityLimit.Power, $"{detail} less the other tiers' fixed shares", Math.Max(0, shared - reserved),
                Each(chosen, c => c.Tier.PowerShare is null && Counts(c) ? c.Watts!.Value : 0)));
            if (overcommitted)
            {
                limits.Add(new SharedLimit(CapacityLimit.Power, Text($"{power / 1e6:G6} MW at the meter, all of it for what is there"), 0,
                    Each(chosen, c => c.Hardware.Count is null ? c.Watts ?? 0 : 0)));
            }
        }

        if (site.Racks is { } racks)
        {
            double there = factory.Hardware.Sum(h => h.Count is { } n ? Math.Ceiling((double)n / h.UnitSize) : 0);
            double left = Math.Max(0, racks - there - SpareOf(chosen, spare, c => 1.0 / c.Hardware.UnitSize));
            limits.Add(new SharedLimit(CapacityLimit.Racks, Text($"{racks} racks of floor space"), left,
                Each(chosen, c => c.Hardware.Count is null ? 1.0 / c.Hardware.UnitSize : 0)));
        }

        if (site.Budget is { } budget)
        {
            double Capital(ProductionCandidate c) => c.Hardware.Count is null
                ? (c.Hardware.Price?.Value ?? 0) + ((c.Watts ?? 0) / 1e6 * (site.FacilityCostPerMegawatt?.Value ?? 0))
                : 0;
            limits.Add(new SharedLimit(CapacityLimit.Budget, Text($"a budget of {budget.Value:N0} {factory.Currency}"),
                Math.Max(0, budget - SpareOf(chosen, spare, Capital)), Each(chosen, Capital)));
        }

        return limits;
    }

    private static double SpareOf(IReadOnlyList<ProductionCandidate> chosen, int spare, Func<ProductionCandidate, double> amount) =>
        spare == 0 ? 0 : chosen.Where(c => c.Hardware.Count is null).GroupBy(c => c.Hardware, ReferenceEqualityComparer.Instance)
            .Sum(g => spare * ((HardwareDefinition)g.Key!).UnitSize * g.Max(amount));

    private static double[] Each(IReadOnlyList<ProductionCandidate> chosen, Func<ProductionCandidate, double> coefficient) => [.. chosen.Select(coefficient)];

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
