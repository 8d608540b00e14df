using System.Management.Automation;
using TokenFactory.Core;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Says what a token costs: per tier the cost per million tokens by cause, and what a day costs and earns.</summary>
/// <remarks>
/// <para>Prices each tier of a factory definition at its declared operating point, or at measured and predicted ones that come by the pipeline. Cost per million
/// tokens = money per accelerator-hour / (tokens/s per accelerator x 3600 x utilization) x 1,000,000. Causes are capital, energy, facility, staff, rent and
/// idle, apart for prefill and decode where these run on accelerators of their own; they sum to the total to the last digit, and the tiers to the factory.</para>
/// <para>Where the definition has ranges, the results carry P10, P50 and P90 of seeded draws. about_TokenFactory_CostModel derives each formula.</para>
/// </remarks>
/// <example>
///   <code>Get-TokenFactoryCost examples/deepseek-day.yaml</code>
///   <para>Reproduces a published day: what a million output and input tokens cost, the day's cost and profit.</para>
/// </example>
/// <example>
///   <code>(Get-TokenFactoryCost examples/deepseek-day.yaml).Causes</code>
///   <para>Shows the causes, prefill and decode apart.</para>
/// </example>
/// <example>
///   <code>[pscustomobject]@{ Accelerator = 'h200'; OutputTokensPerSecondPerAccelerator = 120 } | Get-TokenFactoryCost examples/wrong-architecture.yaml</code>
///   <para>Prices an operating point of your own on the tier that it fits; measured ones bind the same way.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "TokenFactoryCost")]
[OutputType(typeof(CostBreakdown))]
public sealed class GetTokenFactoryCostCommand : TokenFactoryCommand
{
    /// <summary>The factory definition: an object of Import-TokenFactory or the path of a file.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [FactoryTransformation]
    public FactoryDefinition Factory { get; set; } = null!;

    /// <summary>Operating points to price in place of the declared ones: measured, predicted, or rows with OutputTokensPerSecondPerAccelerator.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [OperatingPointTransformation]
    public OperatingPoint[]? OperatingPoint { get; set; }

    /// <summary>Only tiers of these names; wildcards match.</summary>
    [Parameter]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(TierCompleter))]
    public string[]? Tier { get; set; }

    /// <summary>Draws of the Monte Carlo when the definition has ranges; 0 leaves the ranges out.</summary>
    [Parameter]
    [ValidateRange(0, 1_000_000)]
    public int Draws { get; set; } = 1000;

    /// <summary>Seed of the draws: the same seed gives the same figures.</summary>
    [Parameter]
    public int Seed { get; set; } = 1;

    /// <inheritdoc/>
    protected override void OnRecord()
    {
        var options = new CostOptions { Draws = Draws, Seed = Seed };
        if (OperatingPoint is not { Length: > 0 } points)
        {
            // A tier without a point is an error of its own; the others still have their cost.
            foreach (TierDefinition tier in Factory.Tiers.Where(t => t.Production.Count == 0 && Wildcards.Match(Tier, t.Name)))
            {
                WriteFailure(CostModel.PointMissing(tier));
            }

            Write(CostModel.Evaluate(Factory with { Tiers = [.. Factory.Tiers.Where(t => t.Production.Count > 0)] }, options, StopToken));
            return;
        }

        foreach (OperatingPoint point in points)
        {
            Write(CostModel.EvaluatePoint(Factory, point, options, StopToken));
        }
    }

    private void Write(IReadOnlyList<CostBreakdown> breakdowns)
    {
        foreach (string note in breakdowns.SelectMany(b => b.Notes.Select(n => $"{b.Tier}: {n}")))
        {
            WriteVerbose(note);
        }

        foreach (CostBreakdown breakdown in breakdowns.Where(b => Wildcards.Match(Tier, b.Tier)))
        {
            WriteObject(breakdown);
        }
    }
}
