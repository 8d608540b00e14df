using System.Management.Automation;
using TokenFactory.Inference.Providers;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Lists the execution providers: what this machine can run models on, and what is missing for the rest.</summary>
/// <remarks>
/// Each provider is tried with a small graph, because ONNX Runtime lists providers that then fail to open. For one that can't be used the
/// reason, the missing native libraries and the next step are told.
/// </remarks>
/// <example>
/// <code>Get-TokenFactoryProvider</code>
/// <para>Shows all providers.</para>
/// </example>
/// <example>
/// <code>Get-TokenFactoryProvider | Where-Object Usable</code>
/// <para>Shows those that work here.</para>
/// </example>
/// <example>
/// <code>Get-TokenFactoryProvider Cuda | Format-List</code>
/// <para>Says what CUDA lacks on this machine, and what to do next.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "TokenFactoryProvider")]
[OutputType(typeof(ExecutionProviderInfo))]
public sealed class GetTokenFactoryProviderCommand : TokenFactoryCommand
{
    /// <summary>The providers to show; all when absent.</summary>
    [Parameter(Position = 0)]
    public ExecutionProvider[]? Provider { get; set; }

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        foreach (ExecutionProviderInfo info in ProviderSelector.Probe(StopToken))
        {
            if (Provider is null || Provider.Contains(info.Provider))
            {
                WriteObject(info);
            }
        }
    }
}
