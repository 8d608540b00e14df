namespace TokenFactory.Hardware;

/// <summary>Main memory.</summary>
public sealed record MemoryDetails
{
    /// <summary>Memory of the machine that the system manages, bytes.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>Memory that a new process could have without swapping, within the container's limit, bytes.</summary>
    public long? AvailableBytes { get; init; }

    /// <summary>The container's limit, bytes; null when there is none.</summary>
    public long? LimitBytes { get; init; }

    /// <summary>What sets <see cref="LimitBytes"/>; null when nothing does.</summary>
    public string? LimitedBy { get; init; }

    /// <summary>Swap space, bytes.</summary>
    public long? SwapBytes { get; init; }

    /// <summary>Memory that this process may lock into RAM, bytes; <see cref="long.MaxValue"/> when unlimited.</summary>
    public long? LockedLimitBytes { get; init; }

    /// <summary>Reserved huge pages, bytes.</summary>
    public long? HugePageBytes { get; init; }

    /// <summary>Memory type such as <c>DDR5</c>, from the firmware's tables.</summary>
    public string? Type { get; init; }

    /// <summary>Transfers a second of one module as configured, from the firmware's tables.</summary>
    public double? TransfersPerSecond { get; init; }

    /// <summary>Populated modules, from the firmware's tables.</summary>
    public int? Modules { get; init; }
}
