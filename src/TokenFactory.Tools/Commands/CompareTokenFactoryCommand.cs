using System.Management.Automation;
using TokenFactory.Core;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Sets definitions, hardware or operating points side by side: ratios, the cheapest at each speed, and the price at which one ties another.</summary>
/// <remarks>
/// <para>Every operating point of every tier is a row. Ratios refer to the first row or to -Reference: CostRatio says how many times cheaper a row is,
/// TokensPerMegawattRatio how many times more it makes of a megawatt. Compared is all of a tier's cost per million output tokens, prefill included.</para>
/// <para>TiePrice is the rent or purchase price at which a row's hardware makes tokens as cheaply as the cheapest other row. When energy, facility and staff alone make even free
/// hardware too dear it is negative, and Tie says so. Cheapest marks rows that nothing at least as fast for a user undercuts.</para>
/// </remarks>
/// <example>
///   <code>Compare-TokenFactory examples/wrong-architecture.yaml</code>
///   <para>Shows one model on two generations: 35 times cheaper, 50 times the tokens of a megawatt, and the rent at which the older ties.</para>
/// </example>
/// <example>
///   <code>Import-TokenFactory examples/wrong-architecture.yaml -Set 'site.energyPrice=0.07 USD/kWh' | Compare-TokenFactory | Select-Object Subject, TiePrice, Tie</code>
///   <para>With energy priced the older hardware is too dear even for free.</para>
/// </example>
/// <example>
///   <code>Compare-TokenFactory examples/wrong-architecture.yaml, examples/deepseek-day.yaml -Reference r1</code>
///   <para>Sets two definitions side by side, with ratios to the tier r1.</para>
/// </example>
[Cmdlet(VerbsData.Compare, "TokenFactory")]
[OutputType(typeof(CostComparison))]
public sealed class CompareTokenFactoryCommand : TokenFactoryCommand
{
    private readonly List<FactoryDefinition> _factories = [];
    private readonly List<OperatingPoint> _points = [];
    private bool _factoryComesByPipeline;

    /// <summary>The factory definitions: objects of Import-TokenFactory or paths of files.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [FactoryTransformation]
    public FactoryDefinition[] Factory { get; set; } = null!;

    /// <summary>Further operating points, measured or predicted, priced on every tier that they fit.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [OperatingPointTransformation]
    public OperatingPoint[]? OperatingPoint { get; set; }

    /// <summary>Subject, tier, hardware or factory that the ratios refer to; the first row when absent.</summary>
    [Parameter]
    public string? Reference { get; set; }

    /// <summary>Tokens/s per user: only the cheapest row at each is written.</summary>
    [Parameter]
    [ValidateRange(0, double.MaxValue)]
    public double[]? Interactivity { get; set; }

    /// <summary>Draws of the Monte Carlo when a definition has ranges; 0 leaves the ranges out.</summary>
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
        if (_factoryComesByPipeline || _factories.Count == 0)
        {
            _factories.AddRange(Factory);
        }

        _points.AddRange(OperatingPoint ?? []);
    }

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        if (_factories.Count == 0)
        {
            return;
        }

        IReadOnlyList<CostComparison> rows = ComparisonModel.Compare(_factories, _points, Reference, new CostOptions { Draws = Draws, Seed = Seed }, StopToken);
        if (Interactivity is not { Length: > 0 } speeds)
        {
            WriteObject(rows, enumerateCollection: true);
            return;
        }

        foreach (double speed in speeds)
        {
            if (ComparisonModel.CheapestAt(rows, speed) is { } cheapest)
            {
                WriteObject(cheapest);
            }
            else
            {
                WriteFailure(new TokenFactoryException("InteractivityNotReached", FailureKind.NotFound,
                    FormattableString.Invariant($"No operating point is known to reach {speed} tok/s per user. Add a faster one, or state the interactivity of those there are."), speed));
            }
        }
    }
}
