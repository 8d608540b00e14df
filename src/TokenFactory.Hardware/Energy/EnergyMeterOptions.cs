namespace TokenFactory.Hardware.Energy;

/// <summary>What to meter and how.</summary>
public sealed record EnergyMeterOptions
{
    /// <summary>Whose energy.</summary>
    public EnergyTarget Target { get; init; }

    /// <summary>Ids of the accelerators to meter (<see cref="HardwareDevice.Id"/>); empty is all.</summary>
    public IReadOnlyCollection<string> DeviceIds { get; init; } = [];

    /// <summary>Power to count with where nothing can be metered, watts; the joules are then marked as declared. Null is none.</summary>
    public double? DeclaredWatts { get; init; }

    /// <summary>Where to look for instruments.</summary>
    public HardwareProbeOptions Probe { get; init; } = new();
}
