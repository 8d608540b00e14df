using TokenFactory.Core;
using TokenFactory.Hardware.Energy;

namespace TokenFactory.Hardware;

/// <summary>A device of this machine, as this process can use it, at one moment.</summary>
/// <remarks>
/// A field is a value, or null with its reason under its name in <see cref="Unavailable"/>. Units are base units and stand in the
/// name. A field that makes no sense for a kind of device (the power limit of memory) is null and not listed.
/// </remarks>
public sealed record HardwareDevice
{
    /// <summary>What the device is.</summary>
    public required HardwareKind Kind { get; init; }

    /// <summary>Product name as the system reports it.</summary>
    public required string Name { get; init; }

    /// <summary>Name that stays the same between calls: <c>system</c>, <c>cpu</c>, <c>memory</c>, or the device's UUID or bus address.</summary>
    public required string Id { get; init; }

    /// <summary>Number among the devices of its kind, from 0.</summary>
    public int Index { get; init; }

    /// <summary>Who made it; null when unknown.</summary>
    public string? Vendor { get; init; }

    /// <summary>Whether it answers.</summary>
    public DeviceHealth Health { get; init; }

    /// <summary>Memory that this process may use: the device's own, or main memory within the container's limit. Bytes.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Memory in use now, bytes.</summary>
    public long? MemoryUsedBytes { get; init; }

    /// <summary>Share of the time in which the device was busy, 0 to 1, over the driver's own window.</summary>
    public double? Utilization { get; init; }

    /// <summary>Temperature of the hottest sensor that is reported, degrees Celsius.</summary>
    public double? TemperatureCelsius { get; init; }

    /// <summary>Power drawn now, watts.</summary>
    public double? PowerWatts { get; init; }

    /// <summary>Power limit in force, watts.</summary>
    public double? PowerLimitWatts { get; init; }

    /// <summary>Counter of energy since the driver loaded or the counter last wrapped, joules. Use <see cref="EnergyMeter"/> for differences.</summary>
    public double? EnergyJoules { get; init; }

    /// <summary>What <see cref="EnergyJoules"/> and <see cref="PowerWatts"/> cover; null when neither is known.</summary>
    public EnergyScope? EnergyScope { get; init; }

    /// <summary>Why clocks are held back now; empty when they are not, null when unknown.</summary>
    public IReadOnlyList<string>? Throttle { get; init => field = value?.ToIndexable(); }

    /// <summary>Fields that have no value, each with the reason. Keys are property names of this object and of its details.</summary>
    public IReadOnlyDictionary<string, string> Unavailable { get; init; } = new Dictionary<string, string>();

    /// <summary>The machine; only for <see cref="HardwareKind.System"/>.</summary>
    public SystemDetails? System { get; init; }

    /// <summary>The processors; only for <see cref="HardwareKind.Cpu"/>.</summary>
    public CpuDetails? Cpu { get; init; }

    /// <summary>Main memory; only for <see cref="HardwareKind.Memory"/>.</summary>
    public MemoryDetails? Memory { get; init; }

    /// <summary>The accelerator; only for <see cref="HardwareKind.Gpu"/> and <see cref="HardwareKind.Npu"/>.</summary>
    public AcceleratorDetails? Accelerator { get; init; }

    /// <summary>When it was read.</summary>
    public DateTimeOffset Timestamp { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
