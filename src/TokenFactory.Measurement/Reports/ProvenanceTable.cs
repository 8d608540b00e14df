namespace TokenFactory.Measurement.Reports;

/// <summary>The table that says where each kind of figure came from.</summary>
internal static class ProvenanceTable
{
    /// <summary>The table; what is said twice stands once.</summary>
    /// <param name="provenance">The sources.</param>
    public static ReportTable Make(IEnumerable<ReportProvenance> provenance) => new(
        "Source of each figure",
        [new("Figure", false), new("Source", false), new("Detail", false)],
        [.. provenance.Distinct().Select(p => (IReadOnlyList<string>)[p.Figure, p.Source, p.Detail])]);
}
