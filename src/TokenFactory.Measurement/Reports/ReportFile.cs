using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using TokenFactory.Core;

namespace TokenFactory.Measurement.Reports;

/// <summary>Writes a report as a page, as Markdown or as JSON, by the file's ending, whole or not at all.</summary>
public static class ReportFile
{
    /// <summary>The version of the JSON form; a change that breaks readers raises it.</summary>
    public const int JsonVersion = 1;

    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() },
        Encoder = JavaScriptEncoder.Default,
        ReferenceHandler = ReferenceHandler.IgnoreCycles,
    };

    /// <summary>Writes a report.</summary>
    /// <param name="path">Full path ending in <c>.html</c>, <c>.htm</c>, <c>.md</c> or <c>.json</c>.</param>
    /// <param name="title">The title; null takes one from what is reported.</param>
    /// <param name="items">Definitions, hardware, measurements, costs, plans, outlooks, verdicts, in any mix.</param>
    /// <param name="createdAt">When it is made.</param>
    /// <exception cref="TokenFactoryException"><c>ReportFormatUnknown</c>, <c>ReportEmpty</c>.</exception>
    public static void Write(string path, string? title, IReadOnlyList<object> items, DateTimeOffset createdAt)
    {
        Func<Report, string> render = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".html" or ".htm" => HtmlReport.Render,
            ".md" or ".markdown" => MarkdownReport.Render,
            ".json" => report => Json(report, items),
            string other => throw new TokenFactoryException("ReportFormatUnknown", FailureKind.InvalidInput,
                $"A report can't be written as '{other}'. Give a path that ends in .html, .md or .json.", path),
        };
        Report composed = ReportComposer.Compose(title ?? DefaultTitle(items), items, createdAt);
        string text = render(composed);
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            File.WriteAllText(temporary, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static string DefaultTitle(IReadOnlyList<object> items) =>
        items.OfType<Core.Definitions.FactoryDefinition>().Select(d => $"Token factory: {d.Name}").FirstOrDefault() ?? "Token factory report";

    // The objects themselves, in base units, with the type of each: what a program reads.
    private static string Json(Report report, IReadOnlyList<object> items) => JsonSerializer.Serialize(
        new
        {
            version = JsonVersion,
            title = report.Title,
            createdAt = report.CreatedAt,
            summary = report.Summary,
            provenance = report.Provenance,
            items = items.Select(item => new { type = item.GetType().Name, value = item }),
        },
        s_json) + "\n";
}
