using System.Management.Automation;
using TokenFactory.Core.Catalog;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Gets the workload profiles: how long the requests of chat, code, rag, reasoning, batch and agents are, and how much of them is cached.</summary>
/// <remarks>
/// <para>The figures are the module's, from published sources, and yours: files with the ending .yaml in the folder catalog of your settings
/// (TOKENFACTORY_CONFIG, else TokenFactory.Tools in the system's place for settings) have a list workloads with entries as a factory definition spells them
/// out; about_TokenFactory_Definition shows one. An entry of yours hides one of the module's with the same name.</para>
/// <para>Names and their aliases are compared without regard to case.</para>
/// </remarks>
/// <example>
///   <code>Get-TokenFactoryWorkload</code>
///   <para>Lists every profile of the catalog with its source, yours first.</para>
/// </example>
/// <example>
///   <code>(Get-TokenFactoryWorkload chat).SourceDetail</code>
///   <para>Says where a profile's figures are from.</para>
/// </example>
/// <example>
///   <code>Get-TokenFactoryWorkload | Where-Object { $_.InputTokens / $_.OutputTokens -gt 10 }</code>
///   <para>Finds the profiles whose prompts outweigh their answers.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "TokenFactoryWorkload")]
[OutputType(typeof(WorkloadProfile))]
public sealed class GetTokenFactoryWorkloadCommand : TokenFactoryCommand
{
    /// <summary>Names or aliases; wildcards match. Without it all are listed.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(WorkloadCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <inheritdoc/>
    protected override void OnRecord()
    {
        var catalog = FigureCatalog.Load();
        CatalogOutput.Write(this, Name, catalog.Workloads, a => a.Name!, a => a.Aliases, "workload");
    }
}
