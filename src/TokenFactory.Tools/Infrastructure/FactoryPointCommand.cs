using System.Management.Automation;
using TokenFactory.Core;
using TokenFactory.Core.Definitions;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Base of the cmdlets that answer for a factory from its declared operating points and from others that come by the pipeline.</summary>
/// <remarks>Operating points that come by the pipeline are gathered, so that a factory is answered for once with all of them.</remarks>
public abstract class FactoryPointCommand : TokenFactoryCommand
{
    private readonly List<OperatingPoint> _points = [];
    private bool _factoryComesByPipeline;

    /// <summary>The factory definition: an object of Import-TokenFactory or the path of a file.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [FactoryTransformation]
    public FactoryDefinition Factory { get; set; } = null!;

    /// <summary>Measured or predicted operating points beside the declared ones: those of Measure-TokenFactoryThroughput, or rows with OutputTokensPerSecondPerAccelerator.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [OperatingPointTransformation]
    public OperatingPoint[]? OperatingPoint { get; set; }

    /// <summary>Answers for one factory.</summary>
    /// <param name="factory">The definition.</param>
    /// <param name="points">The operating points beside the declared ones.</param>
    protected abstract void Answer(FactoryDefinition factory, IReadOnlyList<OperatingPoint> points);

    /// <inheritdoc/>
    protected override void OnBegin() => _factoryComesByPipeline = !MyInvocation.BoundParameters.ContainsKey(nameof(Factory));

    /// <inheritdoc/>
    protected override void OnRecord()
    {
        if (_factoryComesByPipeline)
        {
            Answer(Factory, OperatingPoint ?? []);
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
            Answer(Factory, _points);
        }
    }
}
