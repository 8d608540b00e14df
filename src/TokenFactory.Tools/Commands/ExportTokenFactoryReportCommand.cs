using System.Management.Automation;
using TokenFactory.Core;
using TokenFactory.Measurement.Reports;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Writes a report of any mix of definitions, hardware, measurements, costs, plans, outlooks and verdicts.</summary>
/// <remarks>
/// <para>The path's ending chooses the form: .html is one self-contained page with charts (no script, no network, light and dark, printable),
/// .md is Markdown, .json holds the objects themselves in base units.</para>
/// <para>The file is written whole or not at all. Text of models and servers is data in it: nothing of it runs.</para>
/// </remarks>
/// <example>
/// <code>$factory = Import-TokenFactory examples/deepseek-day.yaml
/// @($factory; $factory | Get-TokenFactoryCost) | Export-TokenFactoryReport -Path report.html</code>
/// <para>Writes a page of what was stated and what a token costs.</para>
/// </example>
/// <example>
/// <code>Get-TokenFactoryHardware | Export-TokenFactoryReport -Path hardware.md -Title 'This machine' -PassThru</code>
/// <para>Writes Markdown about this machine, and returns the file.</para>
/// </example>
/// <example>
/// <code>Import-TokenFactory examples/gigawatt.yaml | Measure-TokenFactoryCapacity | Export-TokenFactoryReport -Path capacity.json -Force</code>
/// <para>Writes the verdicts as JSON for another program, over an earlier file.</para>
/// </example>
[Cmdlet(VerbsData.Export, "TokenFactoryReport", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportTokenFactoryReportCommand : TokenFactoryCommand
{
    private readonly List<object> _items = [];

    /// <summary>What to report, in any mix.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    public object[] InputObject { get; set; } = [];

    /// <summary>The file to write; its ending is .html, .md or .json.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    public string Path { get; set; } = "";

    /// <summary>The report's title.</summary>
    [Parameter]
    public string? Title { get; set; }

    /// <summary>Replaces a file that is there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Returns the file.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void OnRecord()
    {
        foreach (object item in InputObject)
        {
            _items.Add(item is PSObject wrapped ? wrapped.BaseObject : item);
        }
    }

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        string path = SessionPaths.Unresolved(SessionState, Path);
        if (File.Exists(path) && !Force)
        {
            throw new TokenFactoryException("ReportExists", FailureKind.InvalidInput, $"'{path}' is there already. Use -Force to replace it, or name another file.", path);
        }

        if (ShouldProcess(path, "Write report"))
        {
            ReportFile.Write(path, Title, _items, DateTimeOffset.UtcNow);
            if (PassThru)
            {
                WriteObject(new FileInfo(path));
            }
        }
    }
}
