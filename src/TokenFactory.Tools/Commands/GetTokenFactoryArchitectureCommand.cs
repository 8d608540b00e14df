using System.Management.Automation;
using TokenFactory.Core.Catalog;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Gets the shapes of published models: parameters, layers, heads, experts, and the KV cache that a token takes.</summary>
/// <remarks>
/// <para>The figures are the module's, from published sources, and yours: files with the ending .yaml in the folder catalog of your settings
/// (TOKENFACTORY_CONFIG, else TokenFactory.Tools in the system's place for settings) have a list architectures with entries as a factory definition spells them
/// out; about_TokenFactory_Definition shows one. An entry of yours hides one of the module's with the same name.</para>
/// <para>Names and their aliases are compared without regard to case.</para>
/// </remarks>
/// <example>
///   <code>Get-TokenFactoryArchitecture</code>
///   <para>Lists every architecture of the catalog, yours first.</para>
/// </example>
/// <example>
///   <code>Get-TokenFactoryArchitecture deepseek-r1 | Format-List</code>
///   <para>Finds an architecture by any of its names.</para>
/// </example>
/// <example>
///   <code>Get-TokenFactoryArchitecture qwen3-* | Sort-Object Parameters | Select-Object Name, Parameters, ActiveParameters</code>
///   <para>Compares sizes of a family.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "TokenFactoryArchitecture")]
[OutputType(typeof(ArchitectureSpecification))]
public sealed class GetTokenFactoryArchitectureCommand : TokenFactoryCommand
{
    /// <summary>Names or aliases; wildcards match. Without it all are listed.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ArchitectureCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <inheritdoc/>
    protected override void OnRecord()
    {
        var catalog = FigureCatalog.Load();
        CatalogOutput.Write(this, Name, catalog.Architectures, a => a.Name!, a => a.Aliases, "architecture");
    }
}
