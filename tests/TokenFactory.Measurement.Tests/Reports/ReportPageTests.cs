using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using TokenFactory.Measurement.Reports;
using Xunit;

namespace TokenFactory.Measurement.Tests.Reports;

/// <summary>The page in a real browser.</summary>
public sealed partial class ReportPageTests
{
    private const string Hostile = "<script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">";

    [Theory]
    [InlineData("light", 1200)]
    [InlineData("light", 400)]
    [InlineData("dark", 1200)]
    public async Task AxeFindsNoViolation(string theme, int width)
    {
        string probe = $"<script>{Axe()}</script><script>axe.run(document).then(r => {{ document.documentElement.setAttribute('data-axe', JSON.stringify(r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html).join(' ; ')))); }});</script>";
        string document = await DumpAsync(ReportRenderingTests.Sample("qwen3"), probe, theme, width);
        string[] violations = JsonSerializer.Deserialize<string[]>(Attribute(document, "data-axe"))!;
        Assert.Empty(violations);
    }

    [Fact]
    public async Task NothingOverflowsAPhone()
    {
        const string Probe = "<script>document.documentElement.setAttribute('data-width', document.documentElement.scrollWidth + '/' + window.innerWidth);</script>";
        string document = await DumpAsync(ReportRenderingTests.Sample("a-model-with-a-name-that-goes-on-and-on-without-a-space-anywhere-at-all"), Probe, "light", 500);
        string[] widths = Attribute(document, "data-width").Split('/');
        Assert.True(int.Parse(widths[0], CultureInfo.InvariantCulture) <= int.Parse(widths[1], CultureInfo.InvariantCulture), string.Join(" > ", widths));
    }

    [Fact]
    public async Task NoTextOfAModelOrServerRuns()
    {
        string document = await DumpAsync(ReportRenderingTests.Sample(Hostile), probe: null, "light", 1000);
        Assert.DoesNotContain("<title>ran</title>", document, StringComparison.Ordinal);
    }

    // With a probe the policy is taken out, as it would rightly stop the probe too.
    private static async Task<string> DumpAsync(Report report, string? probe, string theme, int width)
    {
        string html = HtmlReport.Render(report);
        if (probe is not null)
        {
            html = PolicyPattern().Replace(html, "").Replace("</body>", probe + "</body>", StringComparison.Ordinal);
        }

        string path = Path.Combine(Path.GetTempPath(), $"tokenfactory-{Guid.NewGuid():N}.html");
        await File.WriteAllTextAsync(path, html, TestContext.Current.CancellationToken);
        try
        {
            return await Chromium.DumpAsync(path, $"--window-size={width},900", theme == "dark" ? "--blink-settings=preferredColorScheme=0" : "--blink-settings=preferredColorScheme=1");
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string Attribute(string document, string name)
    {
        Match match = Regex.Match(document, name + "=\"([^\"]*)\"");
        Assert.True(match.Success, $"The probe left no {name}.");
        return WebUtility.HtmlDecode(match.Groups[1].Value);
    }

    private static string Axe()
    {
        using Stream stream = typeof(Deque.AxeCore.Commons.AxeResult).Assembly.GetManifestResourceStream("Deque.AxeCore.Commons.Resources.axe.min.js")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Replace("</script", "<\\/script", StringComparison.OrdinalIgnoreCase);
    }

    [GeneratedRegex("<meta http-equiv=\"Content-Security-Policy\"[^>]*>")]
    private static partial Regex PolicyPattern();
}
