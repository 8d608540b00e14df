using System.Management.Automation;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Planning;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Sets a factory's capacity against its demand: headroom, first limit and the day it is exhausted, tier by tier.</summary>
/// <remarks>
/// <para>Capacity is what a tier can sell a day at an operating point that meets its service level (P90), within power at the meter, accelerators, racks and budget,
/// at the factory's utilization and the demand's peak-to-mean ratio, with spare units standing by when the site says so. A point whose TTFT is unknown
/// is reported and never counted as meeting one.</para>
/// <para>Headroom is capacity / demand - 1: the growth of demand that still fits. With -Until the figures are those of the worst day up to then.</para>
/// <para>Where the definition has ranges, capacity, demand and headroom carry P10, P50 and P90 on that day, and HoldsProbability is the share of draws that hold. Holds
/// speaks for the central figures.</para>
/// </remarks>
/// <example>
///   <code>Measure-TokenFactoryCapacity examples/capacity.yaml</code>
///   <para>Shows for each tier what it can make a day, the headroom over its demand and what limits it first.</para>
/// </example>
/// <example>
///   <code>Import-TokenFactory examples/capacity.yaml | Measure-TokenFactoryCapacity -Headroom '20 %' -Until ([datetime]::Today.AddMonths(6)) | Format-List</code>
///   <para>Asks whether a fifth of the demand is still free in half a year, with the reasons.</para>
/// </example>
/// <example>
///   <code>Measure-TokenFactoryCapacity examples/workstation.yaml | Where-Object Holds -eq $false | Select-Object Tier, FirstLimit, LimitDetail</code>
///   <para>Lists the tiers that do not hold and why: nothing was measured on this workstation yet.</para>
/// </example>
[Cmdlet(VerbsDiagnostic.Measure, "TokenFactoryCapacity")]
[OutputType(typeof(CapacityVerdict))]
public sealed class MeasureTokenFactoryCapacityCommand : CapacityCommand
{
    /// <summary>Draws of the Monte Carlo when the definition has ranges; 0 leaves the ranges out.</summary>
    [Parameter]
    [ValidateRange(0, 1_000_000)]
    public int Draws { get; set; } = 1000;

    /// <summary>Seed of the draws: the same seed gives the same figures.</summary>
    [Parameter]
    public int Seed { get; set; } = 1;

    /// <inheritdoc/>
    protected override void Judge(FactoryDefinition factory, CapacityOptions options) =>
        WriteObject(CapacityModel.Evaluate(factory, options with { Draws = Draws, Seed = Seed }, StopToken), enumerateCollection: true);
}
