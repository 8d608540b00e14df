using TokenFactory.Core.Economics;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Measurement.Reports.Sections;

/// <summary>What a token costs, by cause.</summary>
internal static class CostSection
{
    /// <summary>The section; null without costs.</summary>
    /// <param name="items">The objects.</param>
    public static ReportSection? Make(ReportItems items)
    {
        IReadOnlyList<CostBreakdown> costs = items.Of<CostBreakdown>();
        if (costs.Count == 0)
        {
            return null;
        }

        CostBreakdown[] priced = [.. costs.Where(c => c.CostPerMillionOutputTokens is not null)];
        string[] currencies = [.. costs.Select(c => c.Currency).Distinct()];
        CostCauseKind[] kinds = [.. costs.SelectMany(c => c.Causes).Where(c => c.CostPerDay > 0).Select(c => c.Cause).Distinct().Order()];
        return new ReportSection("cost", "What does a token cost?",
            $"Cost of {costs.Count} {(costs.Count == 1 ? "tier" : "tiers")} by cause. The causes sum to the total; idle hours are a cause of their own.")
        {
            Facts = priced.Length == 0 ? [] :
            [
                Fact("Cheapest token", priced.MinBy(c => c.CostPerMillionOutputTokens)!),
                .. currencies.Length == 1
                    ? new[] { new ReportFact("Profit a day", FigureText.Money(costs.Sum(c => c.ProfitPerDay), currencies[0]),
                        $"revenue {FigureText.Money(costs.Sum(c => c.RevenuePerDay), currencies[0])}, cost {FigureText.Money(costs.Sum(c => c.CostPerDay), currencies[0])}",
                        costs.Sum(c => c.ProfitPerDay) >= 0) }
                    : [],
            ],
            Charts =
            [
                ReportCharts.Bars("Cost by cause", "Each bar is one tier's cost of a million output tokens, divided by cause in proportion to the money a day.",
                    $"{string.Join('/', currencies)} per million output tokens", [.. kinds.Select(k => k.ToString().ToLowerInvariant())],
                    [.. priced.Select(c => new ChartBar(Name(c), [.. kinds.Select(k => c.CostPerMillionOutputTokens!.Value * c.Causes.Where(x => x.Cause == k).Sum(x => x.Share))]))]),
            ],
            Tables =
            [
                new ReportTable("Cost and revenue by tier",
                    [new("Tier", false), new("Output, per Mtok"), new("Input, per Mtok"), new("Accelerator-hour"), new("Tokens/s/MW"), new("J/token"), new("Cost a day"), new("Revenue a day"), new("Margin"), new("Source", false)],
                    [.. costs.Select(c => (IReadOnlyList<string>)
                    [
                        Name(c), FigureText.Money(c.CostPerMillionOutputTokens, c.Currency), FigureText.Money(c.CostPerMillionInputTokens, c.Currency),
                        FigureText.Money(c.CostPerAcceleratorHour, c.Currency), FigureText.Si(c.TokensPerSecondPerMegawatt), FigureText.Si(c.JoulesPerToken),
                        FigureText.Money(c.CostPerDay, c.Currency), FigureText.Money(c.RevenuePerDay, c.Currency), FigureText.Percent(c.Margin), c.Source.ToString(),
                    ])]),
            ],
            Provenance = [.. costs.Select(c => new ReportProvenance($"cost of {Name(c)}", c.Source.ToString(), "operating point, priced by the factory definition"))],
        };
    }

    private static ReportFact Fact(string label, CostBreakdown cost) =>
        new(label, $"{FigureText.Money(cost.CostPerMillionOutputTokens, cost.Currency)} /Mtok", $"{Name(cost)}, output");

    private static string Name(CostBreakdown cost) => cost.Interactivity is { } speed ? $"{cost.Tier} at {FigureText.Si(speed)} tok/s" : cost.Tier;
}
