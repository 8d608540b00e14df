using System.Management.Automation;
using TokenFactory.Core.Definitions;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Reads a factory definition: power, money, hardware, models and the tiers that are sold.</summary>
/// <remarks>
/// <para>The definition is a YAML file with quantities as people write them: 1 GW, 0.07 USD/kWh, 100 tok/s/user. Unknown keys and wrong units are errors;
/// all mistakes of a file are reported at once, each with line, column, a pointer into the text and the nearest key or unit.</para>
/// <para>-Overlay lays further files over the definition and -Set changes single values, both held to the same rules, so that a question of the kind
/// "what if" needs no copy of the file. about_TokenFactory_Definition lists every key.</para>
/// </remarks>
/// <example>
///   <code>Import-TokenFactory examples/workstation.yaml</code>
///   <para>Reads a definition and shows what it has.</para>
/// </example>
/// <example>
///   <code>Import-TokenFactory examples/workstation.yaml -Set 'site.energyPrice=0.35 USD/kWh', 'tiers.chat.price.output=3 USD/Mtok'</code>
///   <para>Reads it with two values changed; entries of a list are addressed by name or by index.</para>
/// </example>
/// <example>
///   <code>Get-ChildItem examples/*.yaml | Import-TokenFactory | Select-Object Name, Currency, Path</code>
///   <para>Reads every definition of a folder.</para>
/// </example>
[Cmdlet(VerbsData.Import, "TokenFactory", DefaultParameterSetName = "Path")]
[OutputType(typeof(FactoryDefinition))]
public sealed class ImportTokenFactoryCommand : TokenFactoryCommand
{
    /// <summary>Path of the definition; wildcards match.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Path", ValueFromPipeline = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = null!;

    /// <summary>Path of the definition, taken literally.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = null!;

    /// <summary>Values to change, each as key.key=value: site.power=2 GW, tiers.premium.price.output=30 USD/Mtok, tiers[0].demand=1 Gtok/day.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(DefinitionKeyCompleter))]
    public string[] Set { get; set; } = [];

    /// <summary>Files to lay over the definition in order: keys replace, lists of named things merge by name.</summary>
    [Parameter]
    public string[] Overlay { get; set; } = [];

    private FactoryReaderOptions _options = new();

    /// <inheritdoc/>
    protected override void OnBegin() => _options = new FactoryReaderOptions
    {
        Set = Set,
        OverlayPaths = [.. Overlay.SelectMany(o => SessionPaths.ResolveExisting(SessionState, o, literal: false))],
    };

    /// <inheritdoc/>
    protected override void OnRecord()
    {
        bool literal = ParameterSetName == "LiteralPath";
        foreach (string path in literal ? LiteralPath : Path)
        {
            try
            {
                foreach (string file in SessionPaths.ResolveExisting(SessionState, path, literal))
                {
                    StopToken.ThrowIfCancellationRequested();
                    Import(file);
                }
            }
            catch (Core.TokenFactoryException e)
            {
                WriteFailure(e, path);
            }
        }
    }

    private void Import(string file)
    {
        try
        {
            WriteObject(FactoryReader.ReadFile(file, _options));
        }
        catch (Exception e) when (e is Core.TokenFactoryException or IOException or UnauthorizedAccessException)
        {
            WriteFailure(e, file);
        }
    }
}
