using System.Management.Automation;
using TokenFactory.Core;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Planning;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Base of the cmdlets that set capacity against demand: their parameters, and the question made of them.</summary>
public abstract class CapacityCommand : FactoryPointCommand
{
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
    protected override void Answer(FactoryDefinition factory, IReadOnlyList<OperatingPoint> points) => Judge(factory, new CapacityOptions
    {
        OperatingPoints = points,
        RequiredHeadroom = Headroom,
        Until = Until is { } until ? DateOnly.FromDateTime(until) : null,
        AsOf = DateOnly.FromDateTime(AsOf ?? DateTime.Today),
    });
}
