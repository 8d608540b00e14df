using System.Globalization;
using TokenFactory.Core.Economics;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Measurement.Reports.Sections;

/// <summary>What is built now earns later: the outlook.</summary>
internal static class OutlookSection
{
    /// <summary>The section; null without outlooks.</summary>
    /// <param name="items">The objects.</param>
    public static ReportSection? Make(ReportItems items)
    {
        IReadOnlyList<FactoryOutlook> outlooks = items.Of<FactoryOutlook>();
        return outlooks.Count == 0 ? null : new ReportSection("outlook", "What does it earn later?",
            "Revenue, cost and cash by period. Ranges are the 10th to 90th percentile of seeded draws of every input that is a range.")
        {
            Facts = [.. outlooks.Select(o => new ReportFact($"Net present value, {o.Factory}", FigureText.Money(o.NetPresentValue, o.Currency),
                o.NetPresentValueRange is { } range ? $"{FigureText.Money(range.P10, o.Currency)} to {FigureText.Money(range.P90, o.Currency)}" : $"IRR {FigureText.Percent(o.InternalRateOfReturn)}",
                o.NetPresentValue >= 0))],
            Charts = [.. outlooks.SelectMany(Charts)],
            Tables = [.. outlooks.SelectMany(Tables)],
            Provenance = [.. outlooks.Select(o => new ReportProvenance($"outlook of {o.Factory}", "Declared", o.Assumed ? "some operating points are assumed" : "from the factory definition"))],
        };
    }

    private static IEnumerable<ReportChart> Charts(FactoryOutlook outlook)
    {
        string[] periods = [.. outlook.Periods.Select(p => p.Start.ToString("yyyy-MM", CultureInfo.InvariantCulture))];
        yield return ReportCharts.Fan($"Cumulative cash, {outlook.Factory}", "Cash of each period and all earlier ones.", outlook.Currency,
            periods, [.. outlook.Periods.Select(p => p.CumulativeCash)], Band(outlook, p => p.CumulativeCashRange?.P10), Band(outlook, p => p.CumulativeCashRange?.P90));
        if (outlook.Tornado.Count > 0)
        {
            yield return ReportCharts.Bars($"What matters most, {outlook.Factory}", "Swing of the net present value when one input goes from its 10th to its 90th percentile.",
                $"{outlook.Currency}, net present value", ["swing"],
                [.. outlook.Tornado.Take(10).Select(t => new ChartBar(t.Input, [t.Swing]))]);
        }
    }

    private static IEnumerable<ReportTable> Tables(FactoryOutlook outlook)
    {
        yield return new ReportTable($"Periods of {outlook.Factory}",
            [new("From", false), new("Power"), new("Accelerators"), new("Tokens a day"), new("Demand met"), new("Revenue"), new("Operating cost"), new("Capex"), new("Cash")],
            [.. outlook.Periods.Select(p => (IReadOnlyList<string>)
            [
                p.Start.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), FigureText.Si(p.PowerWatts, "W"), FigureText.Si(p.Accelerators), FigureText.Si(p.TokensPerDay, "tok"),
                FigureText.Percent(p.DemandMet), FigureText.Money(p.Revenue, p.Currency), FigureText.Money(p.OperatingCost, p.Currency),
                FigureText.Money(p.Capex, p.Currency), FigureText.Money(p.Cash, p.Currency),
            ])]);
    }

    private static double[]? Band(FactoryOutlook outlook, Func<OutlookPeriod, double?> edge)
    {
        double?[] values = [.. outlook.Periods.Select(edge)];
        return values.Length > 0 && values.All(v => v is not null) ? [.. values.Select(v => v!.Value)] : null;
    }
}
