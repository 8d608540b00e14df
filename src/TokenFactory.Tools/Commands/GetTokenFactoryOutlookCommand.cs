using System.Management.Automation;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Carries a factory forward: tokens, revenue, cost, capex and cash per period, then net present value, rate of return and payback.</summary>
/// <remarks>
/// <para>Power arrives by the outlook's steps, hardware is bought under it in whole units for the demand that there will be, demand compounds by its growth factors, prices fall and
/// software gets faster. Capital is paid when a period begins, operations earn in its middle. Without an outlook section: twelve quarters as everything stands.</para>
/// <para>Where inputs are ranges the results carry P10, P50 and P90 of seeded draws, and Tornado says which input moves the present value most.
/// Periods holds the periods, each with its tiers.</para>
/// </remarks>
/// <example>
///   <code>(Get-TokenFactoryOutlook examples/demand.yaml).Periods</code>
///   <para>Demand that grows a million times in two years against a fixed gigawatt, quarter by quarter.</para>
/// </example>
/// <example>
///   <code>Get-TokenFactoryOutlook examples/demand.yaml | Select-Object NetPresentValue, NetPresentValueRange, InternalRateOfReturn, PaybackYears, DemandMultiple, DemandGrowthPerMonth</code>
///   <para>Whether building it pays, and how sure that is.</para>
/// </example>
/// <example>
///   <code>(Get-TokenFactoryOutlook examples/demand.yaml -Draws 1000 -Seed 7).Tornado</code>
///   <para>Which uncertain input matters most.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "TokenFactoryOutlook")]
[OutputType(typeof(FactoryOutlook))]
public sealed class GetTokenFactoryOutlookCommand : TokenFactoryCommand
{
    /// <summary>The factory definition: an object of Import-TokenFactory or the path of a file.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [FactoryTransformation]
    public FactoryDefinition Factory { get; set; } = null!;

    /// <summary>Draws of the Monte Carlo when the definition has ranges; 0 leaves the ranges out.</summary>
    [Parameter]
    [ValidateRange(0, 1_000_000)]
    public int Draws { get; set; } = 10_000;

    /// <summary>Seed of the draws: the same seed gives the same figures.</summary>
    [Parameter]
    public int Seed { get; set; } = 1;

    /// <inheritdoc/>
    protected override void OnRecord()
    {
        FactoryOutlook outlook = OutlookModel.Evaluate(Factory, new OutlookOptions { Draws = Draws, Seed = Seed }, StopToken);
        foreach (string note in outlook.Notes)
        {
            WriteVerbose(note);
        }

        WriteObject(outlook);
    }
}
