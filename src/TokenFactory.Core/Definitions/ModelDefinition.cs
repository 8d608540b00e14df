using TokenFactory.Core.Catalog;

namespace TokenFactory.Core.Definitions;

/// <summary>A model that the factory serves.</summary>
public sealed record ModelDefinition
{
    /// <summary>Its name in the definition.</summary>
    public required string Name { get; init; }

    /// <summary>Its shape, from the catalog or spelled out; null when the definition names none.</summary>
    public ArchitectureSpecification? Architecture { get; init; }

    /// <summary>Weight precision in lower case: fp32, bf16, fp16, fp8, int8, fp4, nvfp4, mxfp4, int4; null when not said.</summary>
    public string? Precision { get; init; }
}
