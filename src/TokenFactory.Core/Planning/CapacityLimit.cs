namespace TokenFactory.Core.Planning;

/// <summary>What stops a tier from producing more.</summary>
public enum CapacityLimit
{
    /// <summary>Nothing was found that limits it.</summary>
    None,

    /// <summary>Power at the meter, or the tier's fixed share of it.</summary>
    Power,

    /// <summary>The accelerators that are there, less spares.</summary>
    Accelerators,

    /// <summary>Floor space: the racks that fit.</summary>
    Racks,

    /// <summary>The capital that may be spent.</summary>
    Budget,

    /// <summary>No operating point is known to meet the tier's service level.</summary>
    ServiceLevel,

    /// <summary>There is no operating point for the tier at all.</summary>
    OperatingPoint,
}
