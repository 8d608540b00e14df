using System.Management.Automation;
using TokenFactory.Core;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Planning;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Base of the cmdlets that set capacity against demand: their parameters, and the question made of them.</summary>
/// <remarks>Operating points that come by the pipeline are gathered, so that a tier is judged once with all of them.</remarks>
public abstract class CapacityCommand : TokenFactoryCommand
{
    private readonly List<OperatingPoint> _points = [];
    private bool _factoryComesByPipeline;

    /// <summary>The factory definition: an object of Import-TokenFactory or the path of a file.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [FactoryTransformation]
    public FactoryDefinition Factory { get; set; } = null!;

    /// <summary>Measured or predicted operating points beside the declared ones, for example of Measure-TokenFactoryThroughput.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    public OperatingPoint[]? OperatingPoint { get; set; }

    /// <summary>The headroom that must be left, as a share of the demand: '20 %' asks that demand may still grow by a fifth.</summary>
    [Parameter]
    [RatioTransformation]
    public double Headroom { get; set; }

    /// <summary>The last day on which capacity must hold. Demand grows as the tiers state; absent, one day is judged.</summary>
    [Parameter]
    public DateTime? Until { get; set; }

    /// <summary>The day of the question; today when absent. Demand grows from outlook.start, or from this day when the definition has none.</summary>
    [Parameter]
    public DateTime? AsOf { get; set; }

    /// <summary>Judges one factory and writes what the cmdlet promises.</summary>
    /// <param name="factory">The definition.</param>
    /// <param name="options">The question.</param>
    protected abstract void Judge(FactoryDefinition factory, CapacityOptions options);

    /// <inheritdoc/>
    protected override void OnBegin() => _factoryComesByPipeline = !MyInvocation.BoundParameters.ContainsKey(nameof(Factory));

    /// <inheritdoc/>
    protected override void OnRecord()
    {
        if (_factoryComesByPipeline)
        {
            Judge(Factory, Question(OperatingPoint ?? []));
        }
        else
        {
            _points.AddRange(OperatingPoint ?? []);
        }
    }

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        if (!_factoryComesByPipeline)
        {
            Judge(Factory, Question(_points));
        }
    }

    private CapacityOptions Question(IReadOnlyList<OperatingPoint> points) => new()
    {
        OperatingPoints = points,
        RequiredHeadroom = Headroom,
        Until = Until is { } until ? DateOnly.FromDateTime(until) : null,
        AsOf = DateOnly.FromDateTime(AsOf ?? DateTime.Today),
    };
}
