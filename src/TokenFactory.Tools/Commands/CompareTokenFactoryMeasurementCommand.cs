using System.Management.Automation;
using TokenFactory.Measurement;
using TokenFactory.Measurement.Baselines;
using TokenFactory.Measurement.Records;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Says whether measurements are better than a baseline, worse, or the same within the noise.</summary>
/// <remarks>
/// <para>Runs of the same model, call and load are compared figure by figure: throughput, TTFT, TPOT, and cost and joules per token where both sides have them. The
/// test is Mann and Whitney's rank test over the repeats, with Cliff's delta as the effect size and Holm's correction, so that two equal runs give a false alarm in at
/// most 2 % of comparisons. Six repeats on each side are enough for a verdict; fewer say so.</para>
/// <para>A nightly gate ends with: if ('Worse' -in $result.Verdict) { exit 1 }. With -JUnitPath a build server shows each figure as a test.</para>
/// </remarks>
/// <example>
///   <code>$base = Measure-TokenFactoryThroughput -Concurrency 2 -Requests 4 -OutputTokens 8 -Repeat 6; $now = Measure-TokenFactoryThroughput -Concurrency 2 -Requests 4 -OutputTokens 8 -Repeat 6; $now | Compare-TokenFactoryMeasurement -Baseline $base</code>
///   <para>The same machine twice: noise, most likely.</para>
/// </example>
/// <example>
///   <code>Measure-TokenFactoryThroughput -Concurrency 2 -Requests 4 -OutputTokens 8 -Repeat 6 -RecordPath base.jsonl | Out-Null; Measure-TokenFactoryThroughput -Concurrency 2 -Requests 4 -OutputTokens 8 -Repeat 6 | Compare-TokenFactoryMeasurement -Baseline base.jsonl -JUnitPath gate.xml</code>
///   <para>A gate against recorded runs, with a JUnit file.</para>
/// </example>
/// <example>
///   <code>$runs = Measure-TokenFactoryThroughput -Concurrency 1 -Requests 4 -OutputTokens 8 -Repeat 6; $worse = $runs | Compare-TokenFactoryMeasurement -Baseline $runs | Where-Object Verdict -EQ Worse; if ($worse) { throw "Slower than the baseline: $worse" }</code>
///   <para>Ends a script when something got worse.</para>
/// </example>
[Cmdlet(VerbsData.Compare, "TokenFactoryMeasurement")]
[OutputType(typeof(MeasurementComparison))]
public sealed class CompareTokenFactoryMeasurementCommand : TokenFactoryCommand
{
    private readonly List<ThroughputMeasurement> _current = [];

    /// <summary>The measurements to judge, with their repeats.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    public ThroughputMeasurement[] InputObject { get; set; } = [];

    /// <summary>The baseline: measurements, or files of raw records, of which wildcards match.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public object[] Baseline { get; set; } = [];

    /// <summary>Chance that a comparison of two equal runs says better or worse of any figure.</summary>
    [Parameter]
    [ValidateRange(1e-6, 0.5)]
    public double Significance { get; set; } = 0.02;

    /// <summary>Change that matters, as a share (0.03) or in percent ('3 %'); a smaller one is noise however sure it is.</summary>
    [Parameter]
    [RatioTransformation]
    [ValidateRange(0.0, 10.0)]
    public double SmallestChange { get; set; } = 0.03;

    /// <summary>Writes the result as a JUnit file, too: a figure that got worse is a failed test.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? JUnitPath { get; set; }

    /// <inheritdoc/>
    protected override void OnRecord() => _current.AddRange(InputObject);

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        List<ThroughputMeasurement> baseline = [];
        foreach (object item in Baseline)
        {
            if ((item is PSObject wrapped ? wrapped.BaseObject : item) is ThroughputMeasurement measured)
            {
                baseline.Add(measured);
                continue;
            }

            string typed = LanguagePrimitives.ConvertTo<string>(item);
            foreach (string path in SessionPaths.ResolveExisting(SessionState, typed, literal: false))
            {
                baseline.AddRange(RecordReader.Read(path, [], StopToken));
            }
        }

        IReadOnlyList<string> missing = MeasurementComparer.WithoutBaseline(baseline, _current);
        foreach (string load in missing)
        {
            WriteWarning($"The baseline has no run of {load}, so it is not compared.");
        }

        IReadOnlyList<MeasurementComparison> comparisons = MeasurementComparer.Compare(
            baseline, _current, new ComparisonOptions { Significance = Significance, SmallestChange = SmallestChange });
        if (JUnitPath is not null)
        {
            JUnitReport.Write(SessionPaths.Unresolved(SessionState, JUnitPath), comparisons, missing);
        }

        WriteObject(comparisons, enumerateCollection: true);
    }
}
