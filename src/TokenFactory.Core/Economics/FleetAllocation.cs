using System.Globalization;
using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Economics;

/// <summary>Shares accelerators out to tiers, and the cost of those that nobody uses.</summary>
/// <remarks>
/// Counted hardware: tiers with a demand take what it needs (all in proportion when that is more than there is), a fixed share of power
/// caps a tier, what is left goes to tiers without a demand in equal shares, and what is still left is idle, spread by use. Hardware that is
/// not counted: what the demand needs, at most the tier's share of power; else what its share of power feeds; else one accelerator.
/// </remarks>
internal static class FleetAllocation
{
    public static void Allocate(FactoryDefinition definition, IReadOnlyList<TierLoad> loads, double utilization)
    {
        foreach (IGrouping<object?, TierLoad> group in loads.GroupBy(l => l.Hardware, ReferenceEqualityComparer.Instance))
        {
            if (((HardwareDefinition)group.Key!).Count is { } count)
            {
                ShareCounted(definition, [.. group], count, utilization);
            }
            else
            {
                foreach (TierLoad load in group)
                {
                    TakeUncounted(definition, load, utilization);
                }
            }
        }

        FitSite(definition, loads, utilization);
        PriceHours(definition, loads);
        SpreadStranded(definition, loads);
        foreach (TierLoad load in loads.Where(l => l.Demand > l.Sold))
        {
            load.Notes.Add(string.Create(CultureInfo.InvariantCulture,
                $"Capacity falls short of demand: {load.Sold / load.Demand!.Value:0.#%} of it is sold."));
        }
    }

    private static double PowerCap(FactoryDefinition definition, TierLoad load) =>
        load.Tier.PowerShare is { } share && definition.Site.PowerWatts is { } site && load.PowerWatts is > 0
            ? share * site / load.PowerWatts.Value
            : double.PositiveInfinity;

    private static void ShareCounted(FactoryDefinition definition, TierLoad[] loads, double count, double utilization)
    {
        TierLoad[] asked = [.. loads.Where(l => l.Demand is not null)];
        double[] needs = [.. asked.Select(l => Math.Min(l.Needed(utilization), PowerCap(definition, l)))];
        double wanted = needs.Sum();
        double scale = wanted > count ? count / wanted : 1;
        for (int i = 0; i < asked.Length; i++)
        {
            asked[i].Take(needs[i] * scale, utilization);
        }

        double left = Math.Max(0, count - (wanted * scale));
        TierLoad[] open = [.. loads.Where(l => l.Demand is null).OrderBy(l => PowerCap(definition, l))];
        for (int i = 0; i < open.Length; i++)
        {
            double share = Math.Min(PowerCap(definition, open[i]), left / (open.Length - i));
            open[i].Take(share, utilization);
            left -= share;
        }

        double busy = loads.Sum(l => l.Busy);
        foreach (TierLoad load in loads)
        {
            load.Basis = AcceleratorBasis.Count;
            load.Accelerators += Math.Max(0, left) * (busy > 0 ? load.Busy / busy : 1.0 / loads.Length);
        }
    }

    private static void TakeUncounted(FactoryDefinition definition, TierLoad load, double utilization)
    {
        double cap = PowerCap(definition, load);
        if (load.Demand is not null)
        {
            double needed = load.Needed(utilization);
            load.Basis = needed <= cap ? AcceleratorBasis.Demand : AcceleratorBasis.Power;
            load.Take(Math.Min(needed, cap), utilization);
        }
        else
        {
            load.Basis = double.IsFinite(cap) ? AcceleratorBasis.Power : AcceleratorBasis.One;
            load.Take(double.IsFinite(cap) ? cap : 1, utilization);
        }
    }

    // Hardware that is bought to meet a demand must still fit under the meter; what is counted is there already.
    private static void FitSite(FactoryDefinition definition, IReadOnlyList<TierLoad> loads, double utilization)
    {
        if (definition.Site.PowerWatts is not { } site)
        {
            return;
        }

        double counted = definition.Hardware.Where(h => h.Count is not null)
            .Sum(h => h.Count!.Value * (AcceleratorHourCost.AllInPowerWatts(h, definition.Site) ?? 0));
        TierLoad[] bought = [.. loads.Where(l => l.Basis is AcceleratorBasis.Demand or AcceleratorBasis.Power)];
        double drawn = bought.Sum(l => l.Accelerators * (l.PowerWatts ?? 0));
        double left = Math.Max(0, site - counted);
        if (drawn <= left * (1 + 1e-9))
        {
            return;
        }

        foreach (TierLoad load in bought.Where(l => l.PowerWatts > 0))
        {
            load.Take(load.Accelerators * (left / drawn), utilization);
            load.Notes.Add("The site's power limits it.");
        }
    }

    private static void PriceHours(FactoryDefinition definition, IReadOnlyList<TierLoad> loads)
    {
        double fleet = definition.Hardware.Sum(h => (double)(h.Count ?? 0))
            + loads.Where(l => l.Basis is AcceleratorBasis.Demand or AcceleratorBasis.Power).Sum(l => l.Accelerators);
        foreach (TierLoad load in loads)
        {
            load.Hour = AcceleratorHourCost.Of(
                load.Hardware, definition.Site, definition.Finance, Staff(definition, load, fleet), load.Point.PowerWattsPerAccelerator);
            if (load.Hardware.RatePerHour is null && definition.Site.EnergyPricePerKilowattHour is null)
            {
                load.Notes.Add("Energy is not priced: the site has no energyPrice.");
            }
        }
    }

    private static double Staff(FactoryDefinition definition, TierLoad load, double fleet)
    {
        if ((definition.Finance.StaffCostPerYear ?? 0) == 0)
        {
            return 0;
        }

        if (load.Basis == AcceleratorBasis.One && definition.Site.PowerWatts is { Value: > 0 } site && load.PowerWatts is > 0)
        {
            return AcceleratorHourCost.StaffPerHour(definition.Finance, site.Value / load.PowerWatts.Value);
        }

        return fleet > 0 ? AcceleratorHourCost.StaffPerHour(definition.Finance, fleet) : throw new TokenFactoryException(
            "StaffShareUnknown", FailureKind.InvalidInput,
            $"Staff is money a year, and nothing says how many accelerators share it. Add a count to hardware '{load.Hardware.Name}', a demand to tier '{load.Tier.Name}', or power to the site.",
            load.Tier.Name);
    }

    private static void SpreadStranded(FactoryDefinition definition, IReadOnlyList<TierLoad> loads)
    {
        HardwareDefinition[] stranded = [.. definition.Hardware.Where(h => h.Count > 0 && loads.All(l => !ReferenceEquals(l.Hardware, h)))];
        if (stranded.Length == 0 || loads.Count == 0)
        {
            return;
        }

        double fleet = definition.Hardware.Sum(h => (double)(h.Count ?? 0))
            + loads.Where(l => l.Basis is AcceleratorBasis.Demand or AcceleratorBasis.Power).Sum(l => l.Accelerators);
        double staff = AcceleratorHourCost.StaffPerHour(definition.Finance, fleet);
        double cost = stranded.Sum(h => 24.0 * h.Count!.Value * AcceleratorHourCost.Of(h, definition.Site, definition.Finance, staff).Total);
        double busy = loads.Sum(l => l.BusyCostPerDay);
        foreach (TierLoad load in loads)
        {
            load.Stranded = cost * (busy > 0 ? load.BusyCostPerDay / busy : 1.0 / loads.Count);
            load.Notes.Add($"Hardware that no tier runs on is paid for too, as idle: {string.Join(", ", stranded.Select(h => h.Name))}.");
        }
    }
}
