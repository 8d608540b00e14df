using System.Globalization;
using System.Text;
using System.Xml;
using TokenFactory.Core;

namespace TokenFactory.Measurement.Baselines;

/// <summary>Writes comparisons as a JUnit file: a test case a figure, failed when it got worse, skipped when there were too few repeats.</summary>
public static class JUnitReport
{
    /// <summary>Writes the file, whole or not at all.</summary>
    /// <param name="path">Full path; what is there is replaced.</param>
    /// <param name="comparisons">The comparisons.</param>
    /// <param name="withoutBaseline">Loads that had no baseline; each is a skipped case.</param>
    /// <exception cref="TokenFactoryException"><c>ReportPathNotWritable</c>.</exception>
    public static void Write(string path, IReadOnlyList<MeasurementComparison> comparisons, IReadOnlyList<string> withoutBaseline)
    {
        string partial = path + ".partial";
        try
        {
            using (var xml = XmlWriter.Create(partial, new XmlWriterSettings { Indent = true, Encoding = new UTF8Encoding(false) }))
            {
                Suites(xml, comparisons, withoutBaseline);
            }

            File.Move(partial, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TokenFactoryException("ReportPathNotWritable", FailureKind.PermissionDenied,
                $"'{path}' can't be written: {e.Message} Give a path in an existing folder that you may write to.", path, e);
        }
    }

    private static void Suites(XmlWriter xml, IReadOnlyList<MeasurementComparison> comparisons, IReadOnlyList<string> withoutBaseline)
    {
        xml.WriteStartElement("testsuites");
        xml.WriteStartElement("testsuite");
        xml.WriteAttributeString("name", "TokenFactory baseline");
        xml.WriteAttributeString("tests", Text(comparisons.Count + withoutBaseline.Count));
        xml.WriteAttributeString("failures", Text(comparisons.Count(c => c.Verdict == ComparisonVerdict.Worse)));
        xml.WriteAttributeString("errors", "0");
        xml.WriteAttributeString("skipped", Text(comparisons.Count(c => !c.Decidable) + withoutBaseline.Count));
        foreach (MeasurementComparison comparison in comparisons)
        {
            Start(xml, $"{comparison.Model}, {comparison.Load}", comparison.Metric);
            string says = string.Create(CultureInfo.InvariantCulture,
                $"{comparison.Baseline:G6} to {comparison.Current:G6} ({comparison.Change * 100:+0.0;-0.0;0} %), p = {comparison.AdjustedPValue:G3} after correction, Cliff's delta {comparison.EffectSize:0.00}, {comparison.BaselineRepeats} and {comparison.Repeats} repeats");
            if (comparison.Verdict == ComparisonVerdict.Worse)
            {
                xml.WriteStartElement("failure");
                xml.WriteAttributeString("message", $"{comparison.Metric} got worse: {says}");
                xml.WriteEndElement();
            }
            else if (!comparison.Decidable)
            {
                Skipped(xml, comparison.Reason);
            }
            else
            {
                xml.WriteElementString("system-out", $"{comparison.Verdict}: {says}");
            }

            xml.WriteEndElement();
        }

        foreach (string load in withoutBaseline)
        {
            Start(xml, load, "baseline");
            Skipped(xml, "The baseline has no such load.");
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void Start(XmlWriter xml, string group, string name)
    {
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("classname", Clean(group));
        xml.WriteAttributeString("name", name);
    }

    private static void Skipped(XmlWriter xml, string reason)
    {
        xml.WriteStartElement("skipped");
        xml.WriteAttributeString("message", reason);
        xml.WriteEndElement();
    }

    // A server chooses the model's name; XML has no place for most control characters.
    private static string Clean(string text) => string.Concat(text.Select(c => XmlConvert.IsXmlChar(c) || char.IsSurrogate(c) ? c : '?'));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
