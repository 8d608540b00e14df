using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;

namespace TokenFactory.Measurement.Reports;

/// <summary>Renders a report as one self-contained page: no script, no network, light and dark, printable.</summary>
/// <remarks>
/// Every text is data and is encoded. The page's content security policy allows styles of its own and nothing else, so that even a flaw here
/// could not make a model's or a server's text run.
/// </remarks>
internal static class HtmlReport
{
    private static readonly Lazy<string> s_style = new(ReadStyle);

    /// <summary>The page.</summary>
    /// <param name="report">The report.</param>
    public static string Render(Report report)
    {
        var page = new StringBuilder(64 * 1024);
        string title = Encode(report.Title);
        page.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
            .Append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n")
            .Append("<meta name=\"color-scheme\" content=\"light dark\">\n")
            .Append("<meta name=\"generator\" content=\"TokenFactory.Tools\">\n")
            .Append("<title>").Append(title).Append("</title>\n<style>\n").Append(s_style.Value).Append("</style>\n</head>\n<body>\n")
            .Append("<a class=\"skip\" href=\"#content\">Skip to the content</a>\n<header>\n<h1>").Append(title).Append("</h1>\n<p class=\"made\">Made on <time datetime=\"")
            .Append(report.CreatedAt.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)).Append("\">")
            .Append(report.CreatedAt.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)).Append("</time> with TokenFactory.Tools</p>\n");
        Navigation(page, report);
        page.Append("</header>\n<main id=\"content\">\n");
        Summary(page, report);
        foreach (ReportSection section in report.Sections)
        {
            Section(page, section);
        }

        if (report.Provenance.Count > 0)
        {
            page.Append("<section id=\"provenance\" aria-labelledby=\"provenance-title\">\n<h2 id=\"provenance-title\">Where the figures come from</h2>\n");
            Table(page, ProvenanceTable.Make(report.Provenance));
            page.Append("</section>\n");
        }

        return page.Append("</main>\n</body>\n</html>\n").ToString();
    }

    private static void Navigation(StringBuilder page, Report report)
    {
        page.Append("<nav aria-label=\"Sections\"><ul>\n");
        foreach (ReportSection section in report.Sections)
        {
            page.Append("<li><a href=\"#").Append(section.Id).Append("\">").Append(Encode(section.Title)).Append("</a></li>\n");
        }

        page.Append("</ul></nav>\n");
    }

    private static void Summary(StringBuilder page, Report report)
    {
        if (report.Summary.Count == 0)
        {
            return;
        }

        page.Append("<section id=\"summary\" aria-labelledby=\"summary-title\">\n<h2 id=\"summary-title\">Summary</h2>\n<dl class=\"facts\">\n");
        foreach (ReportFact fact in report.Summary)
        {
            string mark = fact.Good switch { true => " class=\"good\"", false => " class=\"bad\"", null => "" };
            page.Append("<div").Append(mark).Append("><dt>").Append(Encode(fact.Label)).Append("</dt><dd><strong>").Append(Encode(fact.Value)).Append("</strong>");
            if (fact.Detail.Length > 0)
            {
                page.Append("<span>").Append(Encode(fact.Detail)).Append("</span>");
            }

            page.Append("</dd></div>\n");
        }

        page.Append("</dl>\n</section>\n");
    }

    private static void Section(StringBuilder page, ReportSection section)
    {
        page.Append("<section id=\"").Append(section.Id).Append("\" aria-labelledby=\"").Append(section.Id).Append("-title\">\n<h2 id=\"").Append(section.Id)
            .Append("-title\">").Append(Encode(section.Title)).Append("</h2>\n<p>").Append(Encode(section.Lead)).Append("</p>\n");
        foreach (ReportChart chart in section.Charts)
        {
            page.Append("<figure>\n<div class=\"chart\" role=\"img\" aria-label=\"").Append(Encode($"{chart.Title}. {chart.Description}")).Append("\">\n").Append(chart.Svg)
                .Append("\n</div>\n<figcaption><b>").Append(Encode(chart.Title)).Append(".</b> ").Append(Encode(chart.Description)).Append("</figcaption>\n</figure>\n");
        }

        foreach (ReportTable table in section.Tables)
        {
            Table(page, table);
        }

        page.Append("</section>\n");
    }

    private static void Table(StringBuilder page, ReportTable table)
    {
        // A wide table scrolls inside its frame; a frame that scrolls must be reachable by keyboard and have a name.
        string caption = Encode(table.Caption);
        page.Append("<div class=\"table\" role=\"region\" aria-label=\"").Append(caption).Append("\" tabindex=\"0\">\n<table>\n<caption>").Append(caption).Append("</caption>\n<thead><tr>");
        foreach (ReportColumn column in table.Columns)
        {
            page.Append(column.Numeric ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">").Append(Encode(column.Header)).Append("</th>");
        }

        page.Append("</tr></thead>\n<tbody>\n");
        foreach (IReadOnlyList<string> row in table.Rows)
        {
            page.Append("<tr>");
            for (int i = 0; i < row.Count; i++)
            {
                page.Append(table.Columns[i].Numeric ? "<td class=\"n\">" : "<td>").Append(Encode(row[i])).Append("</td>");
            }

            page.Append("</tr>\n");
        }

        page.Append("</tbody>\n</table>\n</div>\n");
    }

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);

    private static string ReadStyle()
    {
        using Stream stream = typeof(HtmlReport).Assembly.GetManifestResourceStream("Reports/report.css")
            ?? throw new InvalidOperationException("The page's style is not in the assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
