using System.Collections;
using System.Management.Automation;
using TokenFactory.Core.Definitions;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Completes the names of the tiers of the factory that was typed before: an object, or the path of a file.</summary>
public sealed class TierCompleter : NameCompleter
{
    /// <inheritdoc/>
    protected override IEnumerable<(string Name, string Description)> Names(IDictionary boundParameters)
    {
        object? bound = boundParameters["Factory"];
        FactoryDefinition? factory = (bound is PSObject wrapped ? wrapped.BaseObject : bound) switch
        {
            FactoryDefinition known => known,
            string path => Read(path),
            _ => null,
        };
        return factory?.Tiers.Select(t => (t.Name, $"{t.Model ?? "any model"} on {t.Hardware ?? "any hardware"}")) ?? [];
    }

    // A completer has no session of its own to resolve a path with; a nested command does.
    private static FactoryDefinition? Read(string path)
    {
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        shell.AddCommand("Convert-Path").AddParameter("LiteralPath", path).AddParameter("ErrorAction", "Ignore");
        return shell.Invoke<string>().FirstOrDefault() is { } full ? FactoryReader.ReadFile(full) : null;
    }
}
