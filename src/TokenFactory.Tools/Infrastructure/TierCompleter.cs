using System.Collections;
using System.Management.Automation;
using TokenFactory.Core.Definitions;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Completes the names of the tiers of the factory that was typed before.</summary>
public sealed class TierCompleter : NameCompleter
{
    /// <inheritdoc/>
    protected override IEnumerable<(string Name, string Description)> Names(IDictionary boundParameters)
    {
        object? bound = boundParameters["Factory"];
        return (bound is PSObject wrapped ? wrapped.BaseObject : bound) is FactoryDefinition factory
            ? factory.Tiers.Select(t => (t.Name, $"{t.Model ?? "any model"} on {t.Hardware ?? "any hardware"}"))
            : [];
    }
}
