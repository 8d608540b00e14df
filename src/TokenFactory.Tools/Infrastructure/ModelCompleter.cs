using System.Collections;
using System.Management.Automation;
using TokenFactory.Inference.Models;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Completes models: the embedded default, the cached ones, and model folders in the session's location.</summary>
public sealed class ModelCompleter : NameCompleter
{
    /// <inheritdoc/>
    protected override IEnumerable<(string Name, string Description)> Names(IDictionary boundParameters)
    {
        yield return (DefaultModel.Name, "The embedded default: 15M random parameters, int4");
        foreach (string folder in DefaultModel.CachedFolders())
        {
            yield return (Path.GetFileName(folder), folder);
        }

        if (CurrentFolder() is string here && Directory.Exists(here))
        {
            foreach (string folder in Directory.EnumerateDirectories(here).Where(ModelFolder.LooksLikeModel).Order(StringComparer.Ordinal))
            {
                yield return ($".{Path.DirectorySeparatorChar}{Path.GetFileName(folder)}", folder);
            }
        }
    }

    // A pipeline runs while something is completed, so the session's state can only be asked by a nested one.
    private static string? CurrentFolder()
    {
        try
        {
            using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
            return shell.AddCommand("Microsoft.PowerShell.Management\\Get-Location").AddParameter("PSProvider", "FileSystem")
                .Invoke<PathInfo>().FirstOrDefault()?.ProviderPath;
        }
        catch (Exception e) when (e is RuntimeException or InvalidOperationException)
        {
            return null;
        }
    }
}
