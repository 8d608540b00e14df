using System.Collections;
using TokenFactory.Core.Catalog;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Completes names of the catalog's accelerators.</summary>
public sealed class AcceleratorCompleter : NameCompleter
{
    /// <inheritdoc/>
    protected override IEnumerable<(string Name, string Description)> Names(IDictionary boundParameters) =>
        FigureCatalog.Load().Accelerators.Select(a => (a.Name, $"{FormatHelpers.Si(a.MemoryBytes, "B")}, {FormatHelpers.Si(a.MemoryBytesPerSecond, "B/s")}"));
}
