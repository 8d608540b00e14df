using TokenFactory.Core;
using TokenFactory.Measurement.Reports.Sections;

namespace TokenFactory.Measurement.Reports;

/// <summary>Makes a report from any mix of objects of the pipeline.</summary>
internal static class ReportComposer
{
    // The reading order: the answer first, then what it rests on.
    private static readonly Func<ReportItems, ReportSection?>[] s_sections =
    [
        CapacitySection.Make, ThroughputSection.Make, CostSection.Make, PlanSection.Make, OutlookSection.Make, DefinitionSection.Make, HardwareSection.Make,
    ];

    /// <summary>Composes the report.</summary>
    /// <param name="title">The title.</param>
    /// <param name="items">The objects.</param>
    /// <param name="createdAt">When it is made.</param>
    /// <exception cref="TokenFactoryException"><c>ReportEmpty</c> when nothing of it can be shown.</exception>
    public static Report Compose(string title, IReadOnlyList<object> items, DateTimeOffset createdAt)
    {
        var all = new ReportItems(items);
        List<ReportSection> sections = [.. s_sections.Select(make => make(all)).OfType<ReportSection>()];
        if (sections.Count == 0)
        {
            throw new TokenFactoryException("ReportEmpty", FailureKind.InvalidInput,
                "Nothing that came can be reported. Pipe in definitions, hardware, measurements, costs, plans, outlooks or capacity verdicts.");
        }

        return new Report
        {
            Title = title,
            CreatedAt = createdAt.ToUniversalTime(),
            Summary = [.. sections.SelectMany(s => s.Facts)],
            Sections = sections,
            Provenance = [.. sections.SelectMany(s => s.Provenance).Distinct()],
        };
    }
}
