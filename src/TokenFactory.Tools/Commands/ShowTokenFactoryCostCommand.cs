using System.Management.Automation;
using System.Management.Automation.Host;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;
using TokenFactory.Measurement.Terminal;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Draws what tokens cost as bars of their causes in the terminal, and with -Frontier the speed against the volume of the operating points.</summary>
/// <remarks>
/// <para>Each tier is a bar as long as its cost per million output tokens, in the colours of its causes. The plot has tokens/s per user across and tokens/s per
/// accelerator upwards, points that nothing beats in both marked.</para>
/// <para>The drawing goes to the terminal alone: nothing is written when output is redirected, unless -AsText asks for it as text without colour.</para>
/// </remarks>
/// <example>
///   <code>Show-TokenFactoryCost examples/wrong-architecture.yaml</code>
///   <para>Draws the cost of a token on two generations of hardware.</para>
/// </example>
/// <example>
///   <code>Show-TokenFactoryCost examples/deepseek-day.yaml -AsText</code>
///   <para>Writes the bars as text, for a log or a mail.</para>
/// </example>
/// <example>
///   <code>Get-TokenFactoryCost examples/wrong-architecture.yaml | Show-TokenFactoryCost -AsText</code>
///   <para>Draws costs that were computed before.</para>
/// </example>
[Cmdlet(VerbsCommon.Show, "TokenFactoryCost", DefaultParameterSetName = "Factory")]
[OutputType(typeof(string))]
public sealed class ShowTokenFactoryCostCommand : TokenFactoryCommand
{
    private readonly List<CostBreakdown> _costs = [];
    private readonly List<FrontierPoint> _points = [];

    /// <summary>The factory definition: an object of Import-TokenFactory or the path of a file.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = "Factory")]
    [FactoryTransformation]
    public FactoryDefinition Factory { get; set; } = null!;

    /// <summary>Costs of Get-TokenFactoryCost.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = "Cost")]
    public CostBreakdown[] InputObject { get; set; } = null!;

    /// <summary>Also plots speed against volume.</summary>
    [Parameter]
    public SwitchParameter Frontier { get; set; }

    /// <summary>Writes the drawing as text without colour, redirected or not.</summary>
    [Parameter]
    public SwitchParameter AsText { get; set; }

    /// <summary>Columns to draw in; the terminal's when absent.</summary>
    [Parameter]
    [ValidateRange(40, 500)]
    public int? Width { get; set; }

    /// <inheritdoc/>
    protected override void OnRecord()
    {
        if (ParameterSetName == "Cost")
        {
            _costs.AddRange(InputObject);
            _points.AddRange(InputObject.Select(FrontierPoint.Of));
            return;
        }

        _costs.AddRange(CostModel.Evaluate(Factory, new CostOptions { Draws = 0 }, StopToken));
        _points.AddRange(ComparisonModel.Compare([Factory], options: new CostOptions { Draws = 0 }, cancellationToken: StopToken).Select(FrontierPoint.Of));
    }

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        bool terminal = !AsText && CostDrawing.IsTerminal;
        if (!AsText && !terminal)
        {
            WriteVerbose("Output is redirected, so nothing is drawn. -AsText writes the drawing as text.");
            return;
        }

        int width = Width ?? TerminalWidth();
        IEnumerable<string> lines = CostDrawing.Bars(_costs, width, terminal);
        if (Frontier)
        {
            lines = [.. lines, "", .. CostDrawing.Frontier(_points, width, terminal)];
        }

        foreach (string line in lines)
        {
            if (terminal)
            {
                Host.UI.WriteLine(line);
            }
            else
            {
                WriteObject(line);
            }
        }
    }

    private int TerminalWidth()
    {
        try
        {
            return Host.UI.RawUI.WindowSize.Width is >= 40 and < 500 and int width ? width - 1 : 79;
        }
        catch (Exception e) when (e is HostException or NotImplementedException or InvalidOperationException)
        {
            return 79;
        }
    }
}
