using System.Management.Automation;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Says what people's tokens cost a day, bought at a tier's price or made on own hardware, and where one breaks even with the other.</summary>
/// <remarks>
/// <para>Roles come from the definition's people, or from -Role, -Headcount and -TokensPerPersonPerDay, which bind by name from rows such as those of Import-Csv.
/// Bought: tokens x price. Made: the tier's hardware in whole units (racks), or all that is counted, every hour of the day; roles of a tier share it by tokens.</para>
/// <para>BreakEvenTokensPerDay is the demand from which own hardware, what is counted or its first whole unit, costs less than the price.</para>
/// </remarks>
/// <example>
///   <code>Get-TokenFactoryBudget examples/researcher-budget.yaml</code>
///   <para>50 million tokens a day at 150 USD a million are 7,500 USD a day; beside it what making them costs.</para>
/// </example>
/// <example>
///   <code>Get-TokenFactoryBudget examples/researcher-budget.yaml -Role engineer -Headcount 40 -TokensPerPersonPerDay '2 Mtok' -Tier ultra</code>
///   <para>Asks for people that the definition does not name.</para>
/// </example>
/// <example>
///   <code>'Role,Headcount,TokensPerPersonPerDay', 'analyst,12,500k', 'researcher,3,50M' | ConvertFrom-Csv | Get-TokenFactoryBudget examples/researcher-budget.yaml -Tier ultra</code>
///   <para>Takes the roles of a table; those of one tier share its hardware.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "TokenFactoryBudget")]
[OutputType(typeof(BudgetLine))]
public sealed class GetTokenFactoryBudgetCommand : TokenFactoryCommand
{
    private readonly List<RoleDefinition> _roles = [];
    private bool _factoryComesByPipeline;

    /// <summary>The factory definition: an object of Import-TokenFactory or the path of a file.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [FactoryTransformation]
    public FactoryDefinition Factory { get; set; } = null!;

    /// <summary>Name of a role, in place of the definition's people.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? Role { get; set; }

    /// <summary>How many people have the role.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(0, double.MaxValue)]
    public double Headcount { get; set; } = 1;

    /// <summary>Output tokens that one of them uses a day: a number, or text such as '50 Mtok'.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [TokensPerDayTransformation]
    [ValidateRange(0, double.MaxValue)]
    public double TokensPerPersonPerDay { get; set; }

    /// <summary>Name of the tier that serves the role; the definition's only one when absent.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(TierCompleter))]
    public string? Tier { get; set; }

    /// <summary>Draws of the Monte Carlo when the definition has ranges; 0 leaves the ranges out.</summary>
    [Parameter]
    [ValidateRange(0, 1_000_000)]
    public int Draws { get; set; } = 1000;

    /// <summary>Seed of the draws: the same seed gives the same figures.</summary>
    [Parameter]
    public int Seed { get; set; } = 1;

    /// <inheritdoc/>
    protected override void OnBegin() => _factoryComesByPipeline = !MyInvocation.BoundParameters.ContainsKey(nameof(Factory));

    /// <inheritdoc/>
    protected override void OnRecord()
    {
        RoleDefinition? role = Role is { } name
            ? new RoleDefinition { Name = name, People = Headcount, TokensPerPersonPerDay = TokensPerPersonPerDay, Tier = Tier }
            : null;
        if (_factoryComesByPipeline)
        {
            Write(role is null ? null : [role]);
        }
        else if (role is not null)
        {
            _roles.Add(role);
        }
    }

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        if (!_factoryComesByPipeline)
        {
            Write(_roles.Count > 0 ? _roles : null);
        }
    }

    private void Write(IReadOnlyList<RoleDefinition>? roles)
    {
        foreach (BudgetLine line in BudgetModel.Evaluate(Factory, roles, new CostOptions { Draws = Draws, Seed = Seed }, StopToken))
        {
            foreach (string note in line.Notes)
            {
                WriteVerbose($"{line.Role}: {note}");
            }

            WriteObject(line);
        }
    }
}
