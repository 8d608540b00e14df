using TokenFactory.Core;

namespace TokenFactory.Hardware;

/// <summary>A GPU or NPU. What a vendor's interface does not report is null, with its reason in the device's <c>Unavailable</c>.</summary>
public sealed record AcceleratorDetails
{
    /// <summary>Unique id that the driver gives.</summary>
    public string? Uuid { get; init; }

    /// <summary>Bus address, <c>0000:65:00.0</c>.</summary>
    public string? Bus { get; init; }

    /// <summary>The interface that the figures came from.</summary>
    public string? Interface { get; init; }

    /// <summary>Version of the kernel driver.</summary>
    public string? DriverVersion { get; init; }

    /// <summary>Newest CUDA version that the driver supports, <c>13.0</c>; NVIDIA only.</summary>
    public string? CudaVersion { get; init; }

    /// <summary>CUDA compute capability, <c>9.0</c>; NVIDIA only.</summary>
    public string? ComputeCapability { get; init; }

    /// <summary>Clock of the compute units now, hertz.</summary>
    public double? ClockHertz { get; init; }

    /// <summary>Highest clock of the compute units, hertz.</summary>
    public double? MaxClockHertz { get; init; }

    /// <summary>Clock of the memory now, hertz.</summary>
    public double? MemoryClockHertz { get; init; }

    /// <summary>Highest clock of the memory, hertz.</summary>
    public double? MaxMemoryClockHertz { get; init; }

    /// <summary>Share of time in which memory was read or written, 0 to 1.</summary>
    public double? MemoryUtilization { get; init; }

    /// <summary>Fan speed as a share of full speed; null without fans.</summary>
    public double? FanSpeed { get; init; }

    /// <summary>Temperature at which the device slows down, degrees Celsius.</summary>
    public double? SlowdownTemperatureCelsius { get; init; }

    /// <summary>Lowest and highest settable power limit, watts.</summary>
    public double? MinPowerLimitWatts { get; init; }

    /// <summary>Highest settable power limit, watts.</summary>
    public double? MaxPowerLimitWatts { get; init; }

    /// <summary>Whether memory errors are corrected.</summary>
    public bool? EccEnabled { get; init; }

    /// <summary>Corrected memory errors since the driver loaded.</summary>
    public long? EccCorrectedErrors { get; init; }

    /// <summary>Memory errors that could not be corrected since the driver loaded.</summary>
    public long? EccUncorrectedErrors { get; init; }

    /// <summary>Memory rows that were replaced by spare ones.</summary>
    public long? RemappedRows { get; init; }

    /// <summary>True when a row waits for a reset to be replaced.</summary>
    public bool? RemapPending { get; init; }

    /// <summary>True when a row could not be replaced: the device should be returned.</summary>
    public bool? RemapFailed { get; init; }

    /// <summary>Driver error codes (NVIDIA XID) of this device in the kernel's log, oldest first; empty when it has none.</summary>
    public IReadOnlyList<int>? XidErrors { get; init => field = value?.ToIndexable(); }

    /// <summary>PCI Express generation now. It falls at idle to save power.</summary>
    public int? PcieGeneration { get; init; }

    /// <summary>Highest PCI Express generation of device and slot.</summary>
    public int? MaxPcieGeneration { get; init; }

    /// <summary>PCI Express lanes now.</summary>
    public int? PcieWidth { get; init; }

    /// <summary>Most PCI Express lanes of device and slot.</summary>
    public int? MaxPcieWidth { get; init; }

    /// <summary>Links to other accelerators; empty when it has none.</summary>
    public IReadOnlyList<AcceleratorLink>? Links { get; init => field = value?.ToIndexable(); }

    /// <summary>Whether the device can be, and is, cut into instances; null when it can't be.</summary>
    public bool? MigEnabled { get; init; }

    /// <summary>Instances that the device is cut into.</summary>
    public IReadOnlyList<AcceleratorInstance>? Instances { get; init => field = value?.ToIndexable(); }

    /// <summary>Processes that use the device.</summary>
    public IReadOnlyList<AcceleratorProcess>? Processes { get; init => field = value?.ToIndexable(); }
}

/// <summary>A link to another accelerator.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Active">Whether it is up.</param>
/// <param name="Version">Version of NVLink or xGMI; null when unknown.</param>
/// <param name="BytesPerSecond">Bandwidth of one direction; null when unknown.</param>
public sealed record AcceleratorLink(int Index, bool Active, int? Version, double? BytesPerSecond);

/// <summary>A part of an accelerator that acts as a device (NVIDIA MIG).</summary>
/// <param name="Name">Its profile, as the driver names it.</param>
/// <param name="Uuid">Its id; null when unknown.</param>
/// <param name="MemoryBytes">Its memory; null when unknown.</param>
public sealed record AcceleratorInstance(string Name, string? Uuid, long? MemoryBytes);

/// <summary>A process on an accelerator.</summary>
/// <param name="ProcessId">The process, in the namespace that the driver sees.</param>
/// <param name="MemoryBytes">Device memory that it holds; null when the driver does not say.</param>
public sealed record AcceleratorProcess(int ProcessId, long? MemoryBytes);
