using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Economics;

/// <summary>Turns a tier's share of the fleet into its cost breakdown.</summary>
internal static class BreakdownBuilder
{
    public static CostBreakdown Build(FactoryDefinition definition, TierLoad load, ExactParts grid)
    {
        PointEconomics work = load.Work;
        AcceleratorHourCost hour = load.Hour;
        double uncached = load.Sold * work.UncachedInputPerOutput;
        double cached = load.Sold * work.CachedInputPerOutput;
        double idle = Math.Max(0, load.Accelerators - load.Busy);
        List<(CostCauseKind Kind, CostPhase Phase, double Amount)> raw = [];
        (CostPhase Phase, double Share)[] phases = work.IsDisaggregated
            ? [(CostPhase.Prefill, work.PrefillShare), (CostPhase.Decode, 1 - work.PrefillShare)]
            : [(CostPhase.Serving, 1)];
        foreach ((CostPhase phase, double share) in phases)
        {
            double busyHours = 24 * load.Busy * share;
            Add(CostCauseKind.Capital, hour.Capital * busyHours);
            Add(CostCauseKind.Energy, hour.Energy * busyHours);
            Add(CostCauseKind.Facility, hour.Facility * busyHours);
            Add(CostCauseKind.Staff, hour.Staff * busyHours);
            Add(CostCauseKind.Rent, hour.Rent * busyHours);
            Add(CostCauseKind.Idle, ((24 * idle * hour.Total) + load.Stranded) * share);

            void Add(CostCauseKind kind, double amount)
            {
                if (amount > 0)
                {
                    raw.Add((kind, phase, amount));
                }
            }
        }

        double[] perDay = [.. raw.Select(r => r.Amount)];
        double cost = perDay.Length == 0 ? 0 : grid.Split(load.CostPerDay, perDay);
        double?[] perMillion = new double?[raw.Count];
        double? output = PerMillion(raw, perDay, perMillion, p => p != CostPhase.Prefill, load.Sold);
        double? input = work.IsDisaggregated
            ? PerMillion(raw, perDay, perMillion, p => p == CostPhase.Prefill, uncached)
            : uncached > 0 ? 0 : null;

        double all = load.Sold + uncached + cached;
        double? watts = load.PowerWatts is > 0 ? load.PowerWatts : null;
        return new CostBreakdown
        {
            Factory = definition.Name,
            Tier = load.Tier.Name,
            Model = load.Tier.Model ?? load.Point.Model,
            Hardware = load.Hardware.Name,
            CostPerMillionOutputTokens = output,
            CostPerMillionInputTokens = input,
            CostPerMillionCachedTokens = cached > 0 ? 0 : null,
            BlendedCostPerMillionTokens = all > 0 ? cost / all * 1e6 : null,
            CostPerAcceleratorHour = hour.Total,
            AcceleratorHour = hour,
            // Arrays, which a shell indexes from the end too.
            Causes = raw.Select((r, i) => new CostCause
            {
                Cause = r.Kind,
                Phase = r.Phase,
                CostPerDay = perDay[i],
                CostPerMillionTokens = perMillion[i],
                Share = cost > 0 ? perDay[i] / cost : 0,
            }).ToArray(),
            RevenuePerDay = Revenue(load.Tier.Price, load.Sold, uncached, cached),
            CostPerDay = cost,
            OutputTokensPerDay = load.Sold,
            InputTokensPerDay = uncached + cached,
            CachedTokensPerDay = cached,
            CapacityTokensPerDay = load.Accelerators * load.TokensPerAcceleratorDay,
            DemandTokensPerDay = load.Demand,
            Utilization = load.Accelerators > 0 ? Math.Min(1, load.Busy / load.Accelerators) : 0,
            Accelerators = load.Accelerators,
            Basis = load.Basis,
            PrefillAccelerators = work.IsDisaggregated ? load.Accelerators * work.PrefillShare : null,
            DecodeAccelerators = work.IsDisaggregated ? load.Accelerators * (1 - work.PrefillShare) : null,
            PowerWatts = watts * load.Accelerators,
            OutputTokensPerSecondPerAccelerator = work.OutputTokensPerSecond,
            TokensPerSecondPerMegawatt = watts is { } w ? work.TokensPerSecondPerMegawatt(w) : null,
            JoulesPerToken = watts is { } j ? work.JoulesPerToken(j) : null,
            Interactivity = load.Point.Interactivity,
            TtftSeconds = load.Point.TtftSeconds,
            MeetsService = load.MeetsService,
            Currency = definition.Currency,
            Source = load.Point.Source,
            Assumed = load.Point.Assumed,
            OperatingPoint = load.Point with
            {
                Model = load.Point.Model ?? load.Tier.Model,
                Accelerator = load.Point.Accelerator ?? load.Hardware.Name,
                CostPerMillionOutputTokens = output,
                TokensPerSecondPerMegawatt = watts is { } p ? work.TokensPerSecondPerMegawatt(p) : null,
            },
            Notes = Notes(load),
        };
    }

    /// <summary>Money a day for sold tokens: each kind at its price; an absent cached price is the input price.</summary>
    public static double Revenue(TierPrice price, double output, double uncached, double cached)
    {
        double input = price.InputPerMillionTokens ?? 0;
        return ((output * (price.OutputPerMillionTokens ?? 0)) + (uncached * input) + (cached * (price.CachedInputPerMillionTokens ?? input))) / 1e6;
    }

    private static double? PerMillion(
        List<(CostCauseKind Kind, CostPhase Phase, double Amount)> raw, double[] perDay, double?[] perMillion, Func<CostPhase, bool> falls, double tokens)
    {
        int[] indices = [.. Enumerable.Range(0, raw.Count).Where(i => falls(raw[i].Phase))];
        if (!(tokens > 0))
        {
            return null;
        }

        double[] parts = [.. indices.Select(i => perDay[i] / tokens * 1e6)];
        double whole = parts.Sum();
        double exact = new ExactParts(whole).Split(whole, parts);
        for (int i = 0; i < indices.Length; i++)
        {
            perMillion[indices[i]] = parts[i];
        }

        return exact;
    }

    private static string[] Notes(TierLoad load)
    {
        List<string> notes = [.. load.Notes];
        if (load.MeetsService == false)
        {
            notes.Add(load.Tier.Service.TtftSeconds is not null && load.Point.TtftSeconds is null
                ? "Its time to first token is unknown, so it does not count as meeting the service level."
                : "No operating point meets the service level; the cheapest is priced.");
        }

        if (load.Point.Assumed)
        {
            notes.Add("The operating point is assumed: it has no source.");
        }

        return [.. notes];
    }
}
