using TokenFactory.Core;

namespace TokenFactory.Hardware;

/// <summary>The machine as a whole.</summary>
public sealed record SystemDetails
{
    /// <summary>Operating system and its version.</summary>
    public required string OperatingSystem { get; init; }

    /// <summary>The hypervisor that the machine runs under; null on bare metal or when <c>Unavailable</c> says why it is unknown.</summary>
    public string? Hypervisor { get; init; }

    /// <summary>The container runtime that this process runs in; null when none was found.</summary>
    public string? Container { get; init; }

    /// <summary>Maker and product from the firmware.</summary>
    public string? Product { get; init; }

    /// <summary>Version of the control groups that limit this process, 1 or 2; null without.</summary>
    public int? CgroupVersion { get; init; }

    /// <summary>What would be known with administrator's rights; empty when nothing more.</summary>
    public IReadOnlyList<string> RootWouldAdd { get; init => field = value.ToIndexable(); } = [];
}
