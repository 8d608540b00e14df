using System.Collections;
using TokenFactory.Core.Definitions;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Completes the keys of a factory definition in a setting: <c>site.power=</c>.</summary>
public sealed class DefinitionKeyCompleter : NameCompleter
{
    /// <inheritdoc/>
    protected override IEnumerable<(string Name, string Description)> Names(IDictionary boundParameters) =>
        FactoryKeys.All.Where(k => !k.Takes.StartsWith("keys", StringComparison.Ordinal)).Select(k => ($"{k.Path}=", $"{k.Description} Takes {k.Takes}."));
}
