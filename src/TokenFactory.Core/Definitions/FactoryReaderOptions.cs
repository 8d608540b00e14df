using TokenFactory.Core.Catalog;

namespace TokenFactory.Core.Definitions;

/// <summary>How a definition is read.</summary>
public sealed record FactoryReaderOptions
{
    /// <summary>Changes of single values, <c>site.power=2 GW</c> or <c>tiers.premium.price.output=30 USD/Mtok</c>, in order, after the overlays.</summary>
    public IReadOnlyList<string> Set { get; init; } = [];

    /// <summary>Full paths of files that are laid over the definition, in order: keys replace, lists of named things merge by name.</summary>
    public IReadOnlyList<string> OverlayPaths { get; init; } = [];

    /// <summary>Where names of accelerators, architectures and workloads are looked up; null is the module's catalog with the user's.</summary>
    public FigureCatalog? Catalog { get; init; }
}
