using System.Management.Automation;
using TokenFactory.Inference.Providers;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Removes an execution provider that Install-TokenFactoryProvider had put into the per-user folder.</summary>
/// <remarks>New sessions then run on the build of ONNX Runtime that the module carries.</remarks>
/// <example>
/// <code>Uninstall-TokenFactoryProvider Cuda -WhatIf</code>
/// <para>Says what would be removed.</para>
/// </example>
/// <example>
/// <code>Uninstall-TokenFactoryProvider Cuda -WarningAction SilentlyContinue</code>
/// <para>Removes CUDA; where it was not installed, nothing happens.</para>
/// </example>
/// <example>
/// <code>Get-TokenFactoryProvider | Where-Object Installed | ForEach-Object { Uninstall-TokenFactoryProvider $_.Provider }</code>
/// <para>Removes all.</para>
/// </example>
[Cmdlet(VerbsLifecycle.Uninstall, "TokenFactoryProvider", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class UninstallTokenFactoryProviderCommand : TokenFactoryCommand
{
    /// <summary>The provider to remove.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(ProviderCompleter))]
    public ExecutionProvider Provider { get; set; }

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        if (ShouldProcess(Core.UserFolders.Providers, $"Remove {Provider}") && !ProviderInstaller.Uninstall(Provider))
        {
            WriteWarning($"{Provider} is not installed.");
        }
    }
}
