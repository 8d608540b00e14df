using System.Globalization;
using System.Text;

namespace TokenFactory.Measurement.Reports;

/// <summary>Renders a report as Markdown: summary, tables, and charts in words.</summary>
internal static class MarkdownReport
{
    /// <summary>The text.</summary>
    /// <param name="report">The report.</param>
    public static string Render(Report report)
    {
        var text = new StringBuilder();
        text.Append("# ").Append(Inline(report.Title)).Append("\n\nMade on ")
            .Append(report.CreatedAt.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)).Append(" with TokenFactory.Tools.\n");
        if (report.Summary.Count > 0)
        {
            text.Append("\n## Summary\n\n");
            foreach (ReportFact fact in report.Summary)
            {
                text.Append("- **").Append(Inline(fact.Label)).Append(":** ").Append(Inline(fact.Value));
                text.Append(fact.Detail.Length > 0 ? $" ({Inline(fact.Detail)})\n" : "\n");
            }
        }

        foreach (ReportSection section in report.Sections)
        {
            text.Append("\n## ").Append(Inline(section.Title)).Append("\n\n").Append(Inline(section.Lead)).Append('\n');
            foreach (ReportChart chart in section.Charts)
            {
                text.Append("\n*").Append(Inline(chart.Title)).Append(".* ").Append(Inline(chart.Description)).Append('\n');
            }

            foreach (ReportTable table in section.Tables)
            {
                Table(text, table);
            }
        }

        if (report.Provenance.Count > 0)
        {
            text.Append("\n## Where the figures come from\n");
            Table(text, ProvenanceTable.Make(report.Provenance));
        }

        return text.ToString();
    }

    private static void Table(StringBuilder text, ReportTable table)
    {
        text.Append('\n').Append(Inline(table.Caption)).Append("\n\n|");
        foreach (ReportColumn column in table.Columns)
        {
            text.Append(' ').Append(Inline(column.Header)).Append(" |");
        }

        text.Append("\n|");
        foreach (ReportColumn column in table.Columns)
        {
            text.Append(column.Numeric ? "---:|" : "---|");
        }

        text.Append('\n');
        foreach (IReadOnlyList<string> row in table.Rows)
        {
            text.Append('|');
            foreach (string cell in row)
            {
                text.Append(' ').Append(Inline(cell)).Append(" |");
            }

            text.Append('\n');
        }
    }

    // One line without active characters: text from models and servers is data here too.
    private static string Inline(string value)
    {
        var text = new StringBuilder(value.Length);
        foreach (char c in value)
        {
            switch (c)
            {
                case '\r' or '\n' or '\t':
                    text.Append(' ');
                    break;
                case '\\' or '`' or '*' or '_' or '[' or ']' or '<' or '>' or '|' or '#' or '!' or '&':
                    text.Append('\\').Append(c);
                    break;
                default:
                    text.Append(char.IsControl(c) ? ' ' : c);
                    break;
            }
        }

        return text.ToString();
    }
}
