using System.Collections;
using TokenFactory.Core.Catalog;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Completes names of the catalog's architectures.</summary>
public sealed class ArchitectureCompleter : NameCompleter
{
    /// <inheritdoc/>
    protected override IEnumerable<(string Name, string Description)> Names(IDictionary boundParameters) =>
        FigureCatalog.Load().Architectures.Select(a => (a.Name, $"{FormatHelpers.Si(a.Parameters)} parameters"));
}
