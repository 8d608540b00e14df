using System.Collections;
using TokenFactory.Inference.Providers;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Completes the execution providers that have an official package.</summary>
public sealed class ProviderCompleter : NameCompleter
{
    /// <inheritdoc/>
    protected override IEnumerable<(string Name, string Description)> Names(IDictionary boundParameters) =>
        ProviderPackage.All.Select(p => p.Provider).Distinct().Select(p => (p.ToString(), $"execution provider {p}"));
}
