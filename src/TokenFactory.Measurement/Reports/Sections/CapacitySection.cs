using TokenFactory.Core.Planning;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Measurement.Reports.Sections;

/// <summary>Does it hold: demand against capacity.</summary>
internal static class CapacitySection
{
    /// <summary>The section; null without verdicts.</summary>
    /// <param name="items">The objects.</param>
    public static ReportSection? Make(ReportItems items)
    {
        IReadOnlyList<CapacityVerdict> verdicts = items.Of<CapacityVerdict>();
        if (verdicts.Count == 0)
        {
            return null;
        }

        CapacityVerdict[] failing = [.. verdicts.Where(v => !v.Holds)];
        CapacityVerdict[] withDemand = [.. verdicts.Where(v => v.DemandTokensPerDay > 0 && v.CapacityTokensPerDay > 0)];
        return new ReportSection("capacity", "Does it hold?", failing.Length == 0
            ? "Every tier's capacity holds its demand with the headroom that was asked for."
            : $"{failing.Length} of {verdicts.Count} tiers fall short: {string.Join(' ', failing.Select(v => v.Explain()))}")
        {
            Facts =
            [
                new ReportFact("Capacity", failing.Length == 0 ? "holds" : "falls short",
                    failing.Length == 0 ? Least(withDemand) : string.Join(", ", failing.Select(v => v.Tier)), failing.Length == 0),
            ],
            Charts = withDemand.Length == 0 ? [] :
            [
                ReportCharts.Bars("Demand as a share of capacity", "Each bar is one tier's demand divided by its capacity; beyond 100 it does not hold.",
                    "% of capacity", ["demand"], [.. withDemand.Select(v => new ChartBar(v.Tier, [100 * v.DemandTokensPerDay!.Value / v.CapacityTokensPerDay]))]),
            ],
            Tables =
            [
                new ReportTable("Capacity by tier",
                    [new("Tier", false), new("Demand"), new("Capacity"), new("Headroom"), new("Holds", false), new("First limit", false), new("Exhausted", false)],
                    [.. verdicts.Select(v => (IReadOnlyList<string>)
                    [
                        v.Tier, FigureText.Si(v.DemandTokensPerDay, "tok/day"), FigureText.Si(v.CapacityTokensPerDay, "tok/day"), FigureText.Percent(v.Headroom),
                        v.Holds ? "yes" : "no", v.LimitDetail, v.ExhaustedOn?.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture) ?? "-",
                    ])]),
            ],
            Provenance = [.. verdicts.Where(v => v.Source is not null).Select(v => new ReportProvenance($"capacity of {v.Tier}", v.Source.ToString()!, v.OperatingPoint?.SourceDetail ?? ""))],
        };
    }

    private static string Least(CapacityVerdict[] verdicts) =>
        verdicts.MinBy(v => v.Headroom) is { } least ? $"least headroom {FigureText.Percent(least.Headroom)} in {least.Tier}" : "no demand stated";
}
