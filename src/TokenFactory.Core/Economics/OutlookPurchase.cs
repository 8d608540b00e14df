using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Economics;

/// <summary>What one period of an outlook buys under its power, racks and budget.</summary>
internal sealed class OutlookPurchase(FactoryDefinition definition, OutlookHardware[] hardware, TierLoad[] tiers, int[] on)
{
    /// <summary>Plans the purchase.</summary>
    /// <returns>Watts of what is to be bought.</returns>
    public double Plan(double left, double? power, double speedup, double utilization, Func<int, double?> demandOf)
    {
        foreach (OutlookHardware kind in hardware)
        {
            if (kind.Definition.Count is { } count)
            {
                kind.Wanted = Math.Max(0, Math.Min(count - kind.Installed, Fits(left, kind)));
                left -= kind.Wanted * (kind.Watts ?? 0);
            }
        }

        double[] needs = new double[tiers.Length];
        double watts = 0;
        int open = 0;
        for (int t = 0; t < tiers.Length; t++)
        {
            OutlookHardware kind = hardware[on[t]];
            if (kind.Definition.Count is not null)
            {
                continue;
            }

            if (demandOf(t) is { } demand)
            {
                needs[t] = Math.Min(demand / (tiers[t].TokensPerAcceleratorDay * speedup * utilization), Cap(t, power));
            }
            else
            {
                open++;
            }
        }

        // What stands already serves; only what is missing is bought, in proportion to the needs.
        for (int h = 0; h < hardware.Length; h++)
        {
            double total = 0;
            for (int t = 0; t < tiers.Length; t++)
            {
                total += on[t] == h ? needs[t] : 0;
            }

            double missing = total > 0 ? Math.Max(0, total - hardware[h].Installed) / total : 0;
            for (int t = 0; t < tiers.Length; t++)
            {
                if (on[t] == h && hardware[h].Definition.Count is null)
                {
                    needs[t] *= missing;
                    watts += needs[t] * (hardware[h].Watts ?? 0);
                }
            }
        }

        double scale = watts > left ? Math.Max(0, left) / watts : 1;
        for (int t = 0; t < tiers.Length; t++)
        {
            hardware[on[t]].Wanted += needs[t] * scale;
        }

        left -= watts * scale;
        for (int t = 0; t < tiers.Length && open > 0; t++)
        {
            OutlookHardware kind = hardware[on[t]];
            if (kind.Definition.Count is not null || demandOf(t) is not null)
            {
                continue;
            }

            if (!double.IsFinite(left) || kind.Watts is not > 0)
            {
                throw new TokenFactoryException("OutlookUnbounded", FailureKind.InvalidInput,
                    $"Nothing limits tier '{tiers[t].Tier.Name}': it has no demand, and its hardware neither a count nor a known share of power. Add site.power or outlook.build with allInPower, hardware.count, or the tier's demand.", tiers[t].Tier.Name);
            }

            double share = Math.Min(Math.Max(0, left) / open, Math.Max(0, (Cap(t, power) * kind.Watts.Value) - (kind.Installed * kind.Watts.Value)));
            kind.Wanted += share / kind.Watts.Value;
            left -= share;
            open--;
        }

        return Whole(left);
    }

    /// <summary>Buys what was planned, in whole units, as far as money goes.</summary>
    /// <returns>Money paid.</returns>
    public double Buy(int k, double budget)
    {
        double cost = 0;
        foreach (OutlookHardware kind in hardware)
        {
            cost += kind.Wanted * kind.Price;
        }

        double afford = cost > budget ? budget / cost : 1;
        double paid = 0;
        foreach (OutlookHardware kind in hardware)
        {
            double accelerators = afford < 1 && kind.Price > 0 ? Math.Floor(kind.Wanted * afford / kind.Unit) * kind.Unit : kind.Wanted;
            kind.Buy(k, accelerators);
            paid += accelerators * kind.Price;
        }

        return paid;
    }

    // Whole units: one more where power allows it, else the part of one is not bought. Rented hardware comes singly.
    private double Whole(double left)
    {
        double racks = definition.Site.Racks ?? double.PositiveInfinity;
        foreach (OutlookHardware kind in hardware)
        {
            racks -= Math.Ceiling(kind.Installed / kind.Unit);
        }

        double watts = 0;
        foreach (OutlookHardware kind in hardware)
        {
            double planned = kind.Wanted;
            if (!kind.IsRented && kind.Definition.Count is null)
            {
                double units = planned / kind.Unit;
                double up = Math.Ceiling(units * (1 - 1e-12));
                double more = ((up * kind.Unit) - planned) * (kind.Watts ?? 0);
                // The last power is worth no rounding error.
                kind.Wanted = (more <= left + (1e-9 * planned * (kind.Watts ?? 0)) ? up : Math.Floor(units * (1 + 1e-12))) * kind.Unit;
            }

            kind.Wanted = Math.Min(kind.Wanted, Math.Max(0, Math.Floor(racks)) * kind.Unit);
            racks -= Math.Ceiling(kind.Wanted / kind.Unit);
            left -= (kind.Wanted - planned) * (kind.Watts ?? 0);
            watts += kind.Wanted * (kind.Watts ?? 0);
        }

        return watts;
    }

    private double Cap(int t, double? power) => tiers[t].Tier.PowerShare is { } share && power is { } meter && hardware[on[t]].Watts is > 0
        ? share * meter / hardware[on[t]].Watts!.Value
        : double.PositiveInfinity;

    private static double Fits(double left, OutlookHardware kind) => kind.Watts is > 0 ? Math.Max(0, left) / kind.Watts.Value : double.PositiveInfinity;
}
