namespace TokenFactory.Hardware;

/// <summary>What a device is.</summary>
public enum HardwareKind
{
    /// <summary>The machine as a whole: system, hypervisor, container, its limits.</summary>
    System,

    /// <summary>All processors of the machine together.</summary>
    Cpu,

    /// <summary>Main memory.</summary>
    Memory,

    /// <summary>A graphics or compute accelerator.</summary>
    Gpu,

    /// <summary>A neural processor.</summary>
    Npu,
}

/// <summary>Whether a device answers.</summary>
public enum DeviceHealth
{
    /// <summary>It answers.</summary>
    Ok,

    /// <summary>It is on the bus, but no driver or library that can speak to it is loaded.</summary>
    NoDriver,

    /// <summary>The driver refuses this user.</summary>
    NoPermission,

    /// <summary>The driver did not answer in time.</summary>
    NotResponding,

    /// <summary>The driver reports that the device fell off the bus or needs a reset.</summary>
    Lost,
}
