using TokenFactory.Core.Planning;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Measurement.Reports.Sections;

/// <summary>How should it run: the planner's split.</summary>
internal static class PlanSection
{
    /// <summary>The section; null without plans.</summary>
    /// <param name="items">The objects.</param>
    public static ReportSection? Make(ReportItems items)
    {
        IReadOnlyList<FactoryPlan> plans = items.Of<FactoryPlan>();
        return plans.Count == 0 ? null : new ReportSection("plan", "How should it run?",
            "The split of power and hardware over the tiers that makes the most of the objective, what binds it, and what one step more of each limit is worth.")
        {
            Facts = [.. plans.Select(p => new ReportFact($"Planned {p.Objective.ToString().ToLowerInvariant()}",
                p.Objective == PlanObjective.Tokens ? FigureText.Si(p.TokensPerDay, "tok/day") : $"{FigureText.Money(p.ObjectiveValue, p.Currency)} a day",
                Binding(p)))],
            Charts = [.. plans.Where(p => p.Allocations.Any(a => a.PowerWatts > 0)).Select(p => ReportCharts.Bars(
                $"Power by tier, {p.Factory}", "Megawatts at the meter that the plan gives each tier.", "MW", ["power"],
                [.. p.Allocations.GroupBy(a => a.Tier).Select(g => new ChartBar(g.Key, [g.Sum(a => a.PowerWatts ?? 0) / 1e6]))]))],
            Tables = [.. plans.SelectMany(Tables)],
            Provenance = [.. plans.SelectMany(p => p.Allocations).Where(a => a.OperatingPoint is not null)
                .Select(a => new ReportProvenance($"operating point of {a.Tier}", a.OperatingPoint!.Source.ToString(), a.OperatingPoint.SourceDetail ?? (a.OperatingPoint.Assumed ? "assumed" : "")))],
        };
    }

    private static IEnumerable<ReportTable> Tables(FactoryPlan plan)
    {
        yield return new ReportTable($"Allocations of {plan.Factory}",
            [new("Tier", false), new("Hardware", false), new("Accelerators"), new("Power"), new("Share"), new("Tokens a day"), new("Revenue a day"), new("Cost a day")],
            [.. plan.Allocations.Select(a => (IReadOnlyList<string>)
            [
                a.Tier, a.Hardware ?? "-", FigureText.Si(a.Accelerators), FigureText.Si(a.PowerWatts, "W"), FigureText.Percent(a.PowerShare), FigureText.Si(a.TokensPerDay, "tok"),
                FigureText.Money(a.RevenuePerDay, a.Currency), FigureText.Money(a.CostPerDay, a.Currency),
            ])]);
        yield return new ReportTable($"Limits of {plan.Factory}",
            [new("Limit", false), new("Of", false), new("Used"), new("Available"), new("Binds", false)],
            [.. plan.Limits.Select(l => (IReadOnlyList<string>)
                [l.Kind.ToString(), l.Name, $"{FigureText.Si(l.Used)} {l.Unit}", $"{FigureText.Si(l.Available)} {l.Unit}", l.Binds ? "yes" : "no"])]);
        if (plan.ShadowPrices.Count > 0)
        {
            yield return new ReportTable($"What one step more is worth, {plan.Factory}",
                [new("Resource", false), new("Of", false), new("Step", false), new("Value a day"), new("Method", false)],
                [.. plan.ShadowPrices.Select(s => (IReadOnlyList<string>)
                    [s.Resource, s.Name, s.Step, s.Unit == "tok" ? FigureText.Si(s.ValuePerDay, "tok") : FigureText.Money(s.ValuePerDay, s.Unit), s.Method.ToString()])]);
        }
    }

    private static string Words(PlanLimitKind kind) =>
        string.Concat(kind.ToString().Select((c, i) => i > 0 && char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));

    private static string Binding(FactoryPlan plan)
    {
        string[] binding = [.. plan.Limits.Where(l => l.Binds).Select(l => $"{Words(l.Kind)} of {l.Name}")];
        return binding.Length == 0 ? "no limit binds" : $"bound by {string.Join(", ", binding)}";
    }
}
