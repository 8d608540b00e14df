using TokenFactory.Core;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Measurement.Reports.Sections;

/// <summary>What was stated: the factory definition.</summary>
internal static class DefinitionSection
{
    /// <summary>The section; null without definitions.</summary>
    /// <param name="items">The objects.</param>
    public static ReportSection? Make(ReportItems items)
    {
        IReadOnlyList<FactoryDefinition> definitions = items.Of<FactoryDefinition>();
        return definitions.Count == 0 ? null : new ReportSection("definition", "What was stated", "The factory definition that the figures rest on.")
        {
            Charts = [.. definitions.Where(d => Points(d).Any()).Select(Frontier)],
            Tables = [.. definitions.SelectMany(Tables)],
            Provenance = [.. definitions.SelectMany(d => d.Tiers.SelectMany(t => t.Production.Select(p =>
                new ReportProvenance($"operating point of {t.Name}", p.Source.ToString(), p.SourceDetail ?? (p.Assumed ? "assumed" : $"stated in {d.Name}")))))],
        };
    }

    private static IEnumerable<(TierDefinition Tier, OperatingPoint Point)> Points(FactoryDefinition definition) =>
        definition.Tiers.SelectMany(t => t.Production.Where(p => p.Interactivity > 0).Select(p => (t, p)));

    private static ReportChart Frontier(FactoryDefinition definition) => ReportCharts.Lines(
        $"Declared operating points, {definition.Name}", "Speed for one user against volume of one accelerator, by tier.", "tokens/s/user", "output tokens/s/accelerator",
        [.. Points(definition).GroupBy(p => p.Tier.Name).Select(g => new ChartSeries(g.Key,
            [.. g.Select(p => (p.Point.Interactivity!.Value, p.Point.OutputTokensPerSecondPerAccelerator.Value, ""))]))]);

    private static IEnumerable<ReportTable> Tables(FactoryDefinition definition)
    {
        yield return new ReportTable($"Tiers of {definition.Name}",
            [new("Tier", false), new("Model", false), new("Hardware", false), new("Output price"), new("TTFT"), new("tok/s/user"), new("Demand")],
            [.. definition.Tiers.Select(t => (IReadOnlyList<string>)
            [
                t.Name, t.Model ?? "-", t.Hardware ?? "-", Price(t.Price.OutputPerMillionTokens, definition.Currency), FigureText.Duration(t.Service.TtftSeconds),
                FigureText.Si(t.Service.Interactivity), FigureText.Si(t.Demand?.MeanTokensPerDay?.Value, "tok/day"),
            ])]);
        if (definition.Hardware.Count > 0)
        {
            yield return new ReportTable($"Hardware of {definition.Name}",
                [new("Hardware", false), new("Accelerator", false), new("All-in power"), new("Price"), new("Rate"), new("Count")],
                [.. definition.Hardware.Select(h => (IReadOnlyList<string>)
                [
                    h.Name, h.Accelerator?.Name ?? "-", FigureText.Si(h.AllInPowerWatts?.Value, "W"), Price(h.Price, definition.Currency),
                    h.RatePerHour is null ? "-" : $"{Price(h.RatePerHour, definition.Currency)}/h", h.Count is null ? "-" : FigureText.Si(h.Count),
                ])]);
        }
    }

    private static string Price(Estimate? price, string currency) => price is not { } p ? "-" : p.IsRange
        ? $"{FigureText.Money(p.Low, currency)} to {FigureText.Money(p.High, currency)}"
        : FigureText.Money(p.Value, currency);
}
