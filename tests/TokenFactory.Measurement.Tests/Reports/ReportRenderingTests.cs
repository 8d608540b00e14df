using System.Xml.Linq;
using TokenFactory.Measurement.Reports;
using Xunit;

namespace TokenFactory.Measurement.Tests.Reports;

public sealed class ReportRenderingTests
{
    private const string Hostile = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>]]>|`[x](javascript:alert(3))";

    [Fact]
    public void TextIsDataEverywhereInThePage()
    {
        string page = HtmlReport.Render(Sample(Hostile));
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("default-src &#x27;none&#x27;".Replace("&#x27;", "'", StringComparison.Ordinal), page, StringComparison.Ordinal);
        // The body is well-formed, so no text broke out of its element or attribute.
        string body = page[page.IndexOf("<main", StringComparison.Ordinal)..(page.IndexOf("</main>", StringComparison.Ordinal) + 7)];
        XElement main = XElement.Parse(body.Replace("&nbsp;", " ", StringComparison.Ordinal));
        Assert.Contains(main.Descendants("td"), cell => cell.Value == Hostile);
    }

    [Fact]
    public void ThePageNeedsNoNetwork()
    {
        string page = HtmlReport.Render(Sample("model"));
        Assert.DoesNotContain("src=", page, StringComparison.Ordinal);
        Assert.DoesNotContain("@import", page, StringComparison.Ordinal);
        Assert.DoesNotContain("url(http", page, StringComparison.Ordinal);
    }

    [Fact]
    public void ChartColoursFollowThePageAndIdsAreUnique()
    {
        string page = HtmlReport.Render(Sample("model"));
        Assert.Contains("var(--ink)", page, StringComparison.Ordinal);
        Assert.Contains("var(--s1)", page, StringComparison.Ordinal);
        Assert.DoesNotContain("#0102", page, StringComparison.OrdinalIgnoreCase);
        XElement main = XElement.Parse(page[page.IndexOf("<main", StringComparison.Ordinal)..(page.IndexOf("</main>", StringComparison.Ordinal) + 7)]);
        string[] ids = [.. main.DescendantsAndSelf().Attributes("id").Select(a => a.Value)];
        Assert.Equal(ids.Length, ids.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void MarkdownKeepsEveryRowOnOneLineAndEscapesWhatIsActive()
    {
        string text = MarkdownReport.Render(Sample("a|b\nc [x](y) <b>"));
        string row = Assert.Single(text.Split('\n'), line => line.StartsWith("| a", StringComparison.Ordinal));
        Assert.Contains("a\\|b c \\[x\\](y) \\<b\\>", row, StringComparison.Ordinal);
    }

    internal static Report Sample(string name) => new()
    {
        Title = $"Report of {name}",
        CreatedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Summary = [new("Cheapest", "$0.42 /Mtok", name, true), new("Holds", "no", "premium is short", false), new("Power", "1.2 kW")],
        Sections =
        [
            new("frontier", "Frontier", "Speed against volume.")
            {
                Charts =
                [
                    ReportCharts.Lines("Frontier", "Tokens/s/user against tokens/s.", "tokens/s/user", "tokens/s",
                        [new(name, [(20, 20, "1"), (16, 60, "4"), (9, 90, "8")]), new("other", [(40, 40, "1"), (30, 100, "4"), (14, 170, "8")])]),
                    ReportCharts.Lines("Wide", "Over decades.", "tokens/s/user", "tokens/s/MW", [new("x", [(1, 1e3, ""), (10, 2e5, ""), (200, 3e6, "")])]),
                    ReportCharts.Bars("Cost", "Cost by cause.", "USD per million tokens", ["capital", "energy", "idle"],
                        [new("free", [1, 0.5, 0.2]), new("premium " + name, [4, 1, 3])]),
                    ReportCharts.Fan("Cash", "Cash by period.", "USD", ["2027 Q1", "2027 Q2", "2027 Q3", "2027 Q4"], [-10, -5, 3, 20], [-12, -9, -3, 5], [-8, -1, 9, 40]),
                ],
                Tables = [new("Points", [new("Name", false), new("tok/s")], [[name, "20"], ["other", "40"]])],
            },
        ],
        Provenance = [new("tok/s", "Measured", name)],
    };
}
