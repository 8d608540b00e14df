using System.Management.Automation;
using TokenFactory.Inference.Providers;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Installs an execution provider for this user, from ONNX Runtime's official NuGet package.</summary>
/// <remarks>
/// The module carries the processor's build of ONNX Runtime. This brings the native package of the matching version from your NuGet sources,
/// checks its SHA-512 against the published one, and lays it into a per-user folder that a new session looks into first.
/// Uninstall-TokenFactoryProvider undoes it.
/// </remarks>
/// <example>
/// <code>Install-TokenFactoryProvider Cuda -WhatIf</code>
/// <para>Says which package would be downloaded, how large it is and where it would go.</para>
/// </example>
/// <example>
/// <code>try { Install-TokenFactoryProvider Cuda -Source . -ErrorAction Stop } catch { $_.FullyQualifiedErrorId }</code>
/// <para>Takes the package from a folder, for a machine without a network; here the folder does not have it, and the error says so.</para>
/// </example>
/// <example>
/// <code>Get-TokenFactoryProvider Cuda | Select-Object Installed, Version, Path, NextStep</code>
/// <para>Shows what is installed.</para>
/// </example>
[Cmdlet(VerbsLifecycle.Install, "TokenFactoryProvider", SupportsShouldProcess = true)]
[OutputType(typeof(ExecutionProviderInfo))]
public sealed class InstallTokenFactoryProviderCommand : TokenFactoryCommand
{
    /// <summary>The provider to install.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(ProviderCompleter))]
    public ExecutionProvider Provider { get; set; }

    /// <summary>A folder that holds the package file, or the file itself; absent takes your NuGet sources.</summary>
    [Parameter]
    public string? Source { get; set; }

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        ProviderPackage package = ProviderInstaller.Require(Provider);
        string? source = Source is null ? null : SessionPaths.Unresolved(SessionState, Source);
        string action = $"Install {package.Package} {package.Version} ({FormatHelpers.Bytes(package.Bytes)}) from {source ?? "NuGet"}";
        if (!ShouldProcess(Core.UserFolders.Providers, action))
        {
            return;
        }

        Pump(async (writer, token) =>
        {
            var progress = new Progress(f => writer.Progress($"Installing {Provider}", package.Package, f));
            ExecutionProviderInfo info = await ProviderInstaller.InstallAsync(Provider, source, progress, token).ConfigureAwait(false);
            writer.Write(info);
        });
    }

    // Progress<T> would post to a context; a report here is only a field that is overwritten.
    private sealed class Progress(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
