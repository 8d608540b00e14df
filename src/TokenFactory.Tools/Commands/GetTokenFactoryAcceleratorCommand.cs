using System.Management.Automation;
using TokenFactory.Core.Catalog;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Gets the published figures of accelerators: memory, bandwidth, arithmetic, power and cost, each with its source.</summary>
/// <remarks>
/// <para>The figures are the module's, from published sources, and yours: files with the ending .yaml in the folder catalog of your settings
/// (TOKENFACTORY_CONFIG, else TokenFactory.Tools in the system's place for settings) have a list accelerators with entries as a factory definition spells them
/// out; about_TokenFactory_Definition shows one. An entry of yours hides one of the module's with the same name.</para>
/// <para>Names and their aliases are compared without regard to case.</para>
/// </remarks>
/// <example>
///   <code>Get-TokenFactoryAccelerator</code>
///   <para>Lists every accelerator of the catalog, yours first.</para>
/// </example>
/// <example>
///   <code>(Get-TokenFactoryAccelerator B200).Sources</code>
///   <para>Says where each figure of one is from, and where sources conflict.</para>
/// </example>
/// <example>
///   <code>Get-TokenFactoryAccelerator *NVL72 | Sort-Object AllInPowerWatts | Select-Object Name, MemoryBytes, AllInPowerWatts</code>
///   <para>Takes wildcards; raw numbers are in base units.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "TokenFactoryAccelerator")]
[OutputType(typeof(AcceleratorSpecification))]
public sealed class GetTokenFactoryAcceleratorCommand : TokenFactoryCommand
{
    /// <summary>Names or aliases; wildcards match. Without it all are listed.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(AcceleratorCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <inheritdoc/>
    protected override void OnRecord()
    {
        var catalog = FigureCatalog.Load();
        CatalogOutput.Write(this, Name, catalog.Accelerators, a => a.Name!, a => a.Aliases, "accelerator");
    }
}
