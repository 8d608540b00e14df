using System.Management.Automation;
using TokenFactory.Core;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Planning;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Splits a factory's power and hardware over its tiers for the most revenue, profit or tokens, or the least cost.</summary>
/// <remarks>
/// <para>Chooses for each tier among its operating points those that meet its service level, buys hardware in whole racks, and keeps within power at the meter, counts,
/// racks, budget, fixed shares of power and demand. Writes one plan: allocations, tokens and money a day, which limit binds, and what one more megawatt,
/// rack, user or a looser service level is worth. Shadow prices are those of the linear relaxation, in which racks may be divided.</para>
/// <para>Where the definition has ranges the plan is that of their central values, and its money and tokens carry P10, P50 and P90 over draws that are planned anew.</para>
/// <para>When demands that must be served clash, the error PlanInfeasible names them and what is missing. docs/planning.md writes the program out.</para>
/// </remarks>
/// <example>
///   <code>Optimize-TokenFactory examples/gigawatt.yaml</code>
///   <para>Fills the fixed shares of power that the tiers state, and says what that earns.</para>
/// </example>
/// <example>
///   <code>(Optimize-TokenFactory examples/gigawatt.yaml -IgnorePowerShare).ShadowPrices</code>
///   <para>Lets the plan split the power itself and shows what one more megawatt, rack or user is worth.</para>
/// </example>
/// <example>
///   <code>(Import-TokenFactory examples/gigawatt.yaml | Optimize-TokenFactory -Objective Margin -IgnorePowerShare).Allocations | Select-Object Tier, Hardware, Accelerators, RevenuePerDay</code>
///   <para>Maximises profit and shows who runs on what.</para>
/// </example>
[Cmdlet(VerbsCommon.Optimize, "TokenFactory")]
[OutputType(typeof(FactoryPlan))]
public sealed class OptimizeTokenFactoryCommand : FactoryPointCommand
{
    /// <summary>What to make as large as possible: Revenue, Margin (profit a day), Tokens; or Cost, the least that serves every stated demand.</summary>
    [Parameter]
    public PlanObjective Objective { get; set; } = PlanObjective.Revenue;

    /// <summary>Units of each hardware that stand by for one that is down: 1 is N-1. Absent takes the site's 'spare'.</summary>
    [Parameter]
    [ValidateRange(0, 1000)]
    public int? SpareUnit { get; set; }

    /// <summary>Lets the plan split the power itself where tiers state a fixed share.</summary>
    [Parameter]
    public SwitchParameter IgnorePowerShare { get; set; }

    /// <summary>How close to the bound whole racks are searched, as a share of it.</summary>
    [Parameter]
    [RatioTransformation]
    [ValidateRange(0.0, 0.5)]
    public double Gap { get; set; } = 1e-4;

    /// <summary>Longest search for whole racks in seconds; the best plan found by then is written with its gap.</summary>
    [Parameter]
    [ValidateRange(0.1, 86_400)]
    public double TimeoutSeconds { get; set; } = 30;

    /// <summary>Leaves out shadow prices.</summary>
    [Parameter]
    public SwitchParameter NoShadowPrice { get; set; }

    /// <summary>Draws of the Monte Carlo when the definition has ranges, each planned anew; 0 leaves the ranges out.</summary>
    [Parameter]
    [ValidateRange(0, 100_000)]
    public int Draws { get; set; } = 100;

    /// <summary>Seed of the draws: the same seed gives the same figures.</summary>
    [Parameter]
    public int Seed { get; set; } = 1;

    /// <inheritdoc/>
    protected override void Answer(FactoryDefinition factory, IReadOnlyList<OperatingPoint> points)
    {
        FactoryPlan plan = FactoryPlanner.Optimize(factory, new PlanOptions
        {
            Objective = Objective,
            OperatingPoints = points,
            SpareUnits = SpareUnit,
            IgnorePowerShares = IgnorePowerShare,
            RelativeGap = Gap,
            TimeLimit = TimeSpan.FromSeconds(TimeoutSeconds),
            ShadowPrices = !NoShadowPrice,
            Draws = Draws,
            Seed = Seed,
        }, StopToken);
        foreach (string note in plan.Notes)
        {
            WriteVerbose(note);
        }

        WriteObject(plan);
    }
}
