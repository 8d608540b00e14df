using System.Collections;
using System.Management.Automation.Runspaces;
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

        if (Runspace.DefaultRunspace?.SessionStateProxy.Path.CurrentFileSystemLocation?.ProviderPath is string here)
        {
            foreach (string folder in Directory.EnumerateDirectories(here).Where(ModelFolder.LooksLikeModel).Order(StringComparer.Ordinal))
            {
                yield return ($".{Path.DirectorySeparatorChar}{Path.GetFileName(folder)}", folder);
            }
        }
    }
}
