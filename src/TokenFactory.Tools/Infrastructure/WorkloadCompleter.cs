using System.Collections;
using TokenFactory.Core.Catalog;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Completes names of the catalog's workloads.</summary>
public sealed class WorkloadCompleter : NameCompleter
{
    /// <inheritdoc/>
    protected override IEnumerable<(string Name, string Description)> Names(IDictionary boundParameters) =>
        FigureCatalog.Load().Workloads.Select(a => (a.Name!, $"{FormatHelpers.Si(a.InputTokens)} in, {FormatHelpers.Si(a.OutputTokens)} out"));
}
