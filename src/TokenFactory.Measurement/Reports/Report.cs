namespace TokenFactory.Measurement.Reports;

/// <summary>A report as data, before it becomes a page, a text or JSON.</summary>
public sealed record Report
{
    /// <summary>The title.</summary>
    public required string Title { get; init; }

    /// <summary>When it was made, UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The few figures that answer the reader's first question.</summary>
    public IReadOnlyList<ReportFact> Summary { get; init; } = [];

    /// <summary>The sections in reading order.</summary>
    public IReadOnlyList<ReportSection> Sections { get; init; } = [];

    /// <summary>Where each kind of figure came from.</summary>
    public IReadOnlyList<ReportProvenance> Provenance { get; init; } = [];
}

/// <summary>One figure of the summary.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Value">The figure with its unit.</param>
/// <param name="Detail">What qualifies it; empty when nothing.</param>
/// <param name="Good">True or false colours a verdict; null is neutral.</param>
public sealed record ReportFact(string Label, string Value, string Detail = "", bool? Good = null);

/// <summary>A part of the report.</summary>
/// <param name="Id">Anchor, lower case.</param>
/// <param name="Title">The heading.</param>
/// <param name="Lead">One or two sentences: what one sees.</param>
public sealed record ReportSection(string Id, string Title, string Lead)
{
    /// <summary>The figures of this section for the summary.</summary>
    public IReadOnlyList<ReportFact> Facts { get; init; } = [];

    /// <summary>The charts.</summary>
    public IReadOnlyList<ReportChart> Charts { get; init; } = [];

    /// <summary>The tables.</summary>
    public IReadOnlyList<ReportTable> Tables { get; init; } = [];

    /// <summary>Where its figures came from.</summary>
    public IReadOnlyList<ReportProvenance> Provenance { get; init; } = [];
}

/// <summary>A chart.</summary>
/// <param name="Title">Its title.</param>
/// <param name="Description">What it shows, in words, for who can't see it.</param>
/// <param name="Svg">The drawing; its colours are the page's variables.</param>
public sealed record ReportChart(string Title, string Description, string Svg);

/// <summary>A table.</summary>
/// <param name="Caption">What it holds.</param>
/// <param name="Columns">The columns.</param>
/// <param name="Rows">The cells, as text with units.</param>
public sealed record ReportTable(string Caption, IReadOnlyList<ReportColumn> Columns, IReadOnlyList<IReadOnlyList<string>> Rows);

/// <summary>A column.</summary>
/// <param name="Header">The heading.</param>
/// <param name="Numeric">True aligns it right.</param>
public sealed record ReportColumn(string Header, bool Numeric = true);

/// <summary>Where a kind of figure came from.</summary>
/// <param name="Figure">What it is.</param>
/// <param name="Source">Measured, declared, predicted or catalog.</param>
/// <param name="Detail">How, when, from whom.</param>
public sealed record ReportProvenance(string Figure, string Source, string Detail);
