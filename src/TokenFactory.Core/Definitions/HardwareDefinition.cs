using TokenFactory.Core.Catalog;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Definitions;

/// <summary>One kind of hardware.</summary>
public sealed record HardwareDefinition
{
    /// <summary>Its name in the definition.</summary>
    public required string Name { get; init; }

    /// <summary>The accelerator's published or spelled-out figures; null when the definition names none.</summary>
    public AcceleratorSpecification? Accelerator { get; init; }

    /// <summary>Watts per accelerator at the meter, with its share of CPU, network and cooling.</summary>
    public Estimate? AllInPowerWatts { get; init; }

    /// <summary>Price per accelerator, all-in; null when rented.</summary>
    public Estimate? Price { get; init; }

    /// <summary>Rent per accelerator-hour; null when owned.</summary>
    public Estimate? RatePerHour { get; init; }

    /// <summary>Accelerators that are there; null means that the plan decides.</summary>
    public long? Count { get; init; }

    /// <summary>Accelerators in a unit that is bought whole (a rack), 1 when they come singly.</summary>
    public int UnitSize { get; init; } = 1;

    /// <summary>True when the definition marks its figures as assumed, without a source.</summary>
    public bool Assumed { get; init; }

    /// <summary>The source of its figures in words; null when not said.</summary>
    public string? SourceDetail { get; init; }
}
