using System.Management.Automation;
using TokenFactory.Core.Definitions;
using TokenFactory.Measurement;
using TokenFactory.Measurement.Load;
using TokenFactory.Measurement.Records;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Reads the raw records of Measure-TokenFactoryThroughput and computes their measurements again.</summary>
/// <remarks>
/// The figures are computed by the same code as in the live run, so they are the same. A factory definition may be another than then: the same requests are
/// priced and judged anew. The format is described in docs/metrics.md; records of newer versions are refused.
/// </remarks>
/// <example>
///   <code>Measure-TokenFactoryThroughput -Concurrency 2 -Requests 4 -OutputTokens 4 -RecordPath run.jsonl; Import-TokenFactoryMeasurement run.jsonl</code>
///   <para>What was measured, again.</para>
/// </example>
/// <example>
///   <code>Measure-TokenFactoryThroughput -Concurrency 1 -Requests 4 -OutputTokens 4 -RecordPath run.jsonl; Import-TokenFactoryMeasurement run.jsonl -TtftLimit 0.2 | Select-Object GoodputRatio</code>
///   <para>Judges recorded requests by a service level that was not thought of when they ran.</para>
/// </example>
/// <example>
///   <code>Measure-TokenFactoryThroughput -Concurrency 1 -Requests 4 -OutputTokens 4 -RecordPath 1.jsonl; Import-TokenFactoryMeasurement *.jsonl | Sort-Object StartedAt | Select-Object StartedAt, Load, OutputTokensPerSecond</code>
///   <para>Throughput over time from a folder of nightly records; with -Factory the cost per token over time.</para>
/// </example>
[Cmdlet(VerbsData.Import, "TokenFactoryMeasurement", DefaultParameterSetName = "Path")]
[OutputType(typeof(ThroughputMeasurement))]
public sealed class ImportTokenFactoryMeasurementCommand : TokenFactoryCommand
{
    /// <summary>Record files; wildcards match.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Path", ValueFromPipeline = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Record files, taken as typed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "RecordPath")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>A factory definition that prices the runs and judges goodput by its tiers' service levels.</summary>
    [Parameter]
    [FactoryTransformation]
    public FactoryDefinition? Factory { get; set; }

    /// <summary>The only tier of the factory to price and judge by.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(TierCompleter))]
    public string? Tier { get; set; }

    /// <summary>Longest TTFT of a request that counts as goodput, seconds.</summary>
    [Parameter]
    [ValidateRange(1e-6, 1e6)]
    public double? TtftLimit { get; set; }

    /// <summary>Slowest interactivity of a request that counts as goodput, tokens/s per user.</summary>
    [Parameter]
    [ValidateRange(1e-6, 1e9)]
    public double? InteractivityLimit { get; set; }

    /// <inheritdoc/>
    protected override void OnRecord()
    {
        List<ServiceTarget> targets = Factory is null ? [] : [.. MeasurementCost.ServiceTargets(Factory, Tier)];
        if (TtftLimit is not null || InteractivityLimit is not null)
        {
            targets.Add(new ServiceTarget("service", TtftLimit, InteractivityLimit));
        }

        foreach (string typed in ParameterSetName == "Path" ? Path : LiteralPath)
        {
            foreach (string path in SessionPaths.ResolveExisting(SessionState, typed, literal: ParameterSetName != "Path"))
            {
                foreach (ThroughputMeasurement measured in RecordReader.Read(path, targets, StopToken))
                {
                    WriteObject(Factory is null ? measured : MeasurementCost.Price(measured, Factory, Tier));
                }
            }
        }
    }
}
