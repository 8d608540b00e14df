using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Definitions;

/// <summary>The site: what limits a factory from outside.</summary>
public sealed record SiteDefinition
{
    /// <summary>Power at the meter, watts.</summary>
    public Estimate? PowerWatts { get; init; }

    /// <summary>Facility power divided by IT power, 1 or more. An all-in power has it inside already.</summary>
    public Estimate? Pue { get; init; }

    /// <summary>Price of energy, money per kWh.</summary>
    public Estimate? EnergyPricePerKilowattHour { get; init; }

    /// <summary>Buildings and power, money per megawatt at the meter.</summary>
    public Estimate? FacilityCostPerMegawatt { get; init; }

    /// <summary>Floor space: hardware units (racks) that fit; null when unlimited.</summary>
    public int? Racks { get; init; }

    /// <summary>Units of each hardware that may be down while capacity holds: 1 for <c>N-1</c>, 0 for none.</summary>
    public int SpareUnits { get; init; }

    /// <summary>Capital that may be spent, money; null when unlimited.</summary>
    public Estimate? Budget { get; init; }
}
