using System.Globalization;
using static TokenFactory.Hardware.Doctor.HardwareDoctor;

namespace TokenFactory.Hardware.Doctor;

/// <summary>What can be wrong with one accelerator.</summary>
internal static class AcceleratorRules
{
    // A link falls to a lower generation to save power; only a busy one that stays there is slow.
    private const double Busy = 0.2;

    // NVIDIA's XID catalogue: codes after which the device's results or presence can't be relied on.
    private static readonly HashSet<int> s_fatalXids = [46, 48, 61, 62, 64, 74, 79, 92, 94, 95, 119, 120, 140, 143];

    public static IEnumerable<HardwareIssue> Check(HardwareDevice device)
    {
        switch (device.Health)
        {
            case DeviceHealth.Lost:
                yield return Issue(IssueSeverity.Error, "DeviceLost", device, $"The driver reports that {device.Name} fell off the bus or needs a reset.",
                    "Stop what uses it and reset it (nvidia-smi --gpu-reset) or reboot; if it comes back, check power cables, seating and cooling, then return it.");
                yield break;
            case DeviceHealth.NotResponding:
                yield return Issue(IssueSeverity.Error, "DriverNotResponding", device, $"The driver of {device.Name} does not answer.",
                    "Look for processes in state D and driver errors in the kernel's log (dmesg); reload the driver or reboot.");
                yield break;
            case DeviceHealth.NoPermission:
                yield return Issue(IssueSeverity.Error, "DevicePermissionDenied", device, $"This user may not use {device.Name}.",
                    "Let the user read and write its device files (/dev/nvidia*, or the groups video and render for /dev/kfd and /dev/dri).");
                yield break;
            case DeviceHealth.NoDriver when device.Unavailable.GetValueOrDefault(nameof(HardwareDevice.MemoryBytes))?.Contains("virtual machine", StringComparison.Ordinal) == true:
                // Passed through on purpose: this system is not meant to use it.
                yield break;
            case DeviceHealth.NoDriver:
                yield return Issue(device.Kind == HardwareKind.Npu ? IssueSeverity.Information : IssueSeverity.Error, "DriverNotLoaded", device,
                    $"{device.Name} is on the bus, but {device.Unavailable.GetValueOrDefault(nameof(HardwareDevice.MemoryBytes)) ?? "no driver speaks for it"}.",
                    "Install the vendor's driver for this kernel, or load its module; in a container, pass the driver's libraries in.");
                yield break;
        }

        foreach (HardwareIssue issue in Throttling(device))
        {
            yield return issue;
        }

        if (device.Accelerator is not { } accelerator)
        {
            yield break;
        }

        foreach (HardwareIssue issue in Links(device, accelerator).Concat(MemoryErrors(device, accelerator)))
        {
            yield return issue;
        }
    }

    private static IEnumerable<HardwareIssue> Throttling(HardwareDevice device)
    {
        IReadOnlyList<string> reasons = device.Throttle ?? [];
        if (reasons.Any(r => r.Contains("Thermal", StringComparison.Ordinal)))
        {
            yield return Issue(IssueSeverity.Warning, "ThermalThrottling", device,
                string.Create(CultureInfo.InvariantCulture, $"{device.Name} holds its clocks back because it is hot ({device.TemperatureCelsius:0} °C)."),
                "Check fans, air flow and inlet temperature, or lower its power limit.");
        }

        if (reasons.Contains("SoftwarePowerCap"))
        {
            yield return Issue(IssueSeverity.Warning, "PowerThrottling", device,
                string.Create(CultureInfo.InvariantCulture, $"{device.Name} holds its clocks back at its power limit of {device.PowerLimitWatts:0} W."),
                "Expected when the limit is set on purpose for efficiency; else raise it (nvidia-smi -pl, amd-smi set --power-cap).");
        }

        if (reasons.Contains("PowerBrake") || (reasons.Contains("HardwareSlowdown") && !reasons.Contains("HardwareThermal")))
        {
            yield return Issue(IssueSeverity.Warning, "PowerBrake", device, $"{device.Name} was told by the machine's power supply or board to slow down.",
                "Check power supplies, their cables and the rack's power limit.");
        }
    }

    private static IEnumerable<HardwareIssue> Links(HardwareDevice device, AcceleratorDetails accelerator)
    {
        if (accelerator.PcieWidth < accelerator.MaxPcieWidth)
        {
            yield return Issue(IssueSeverity.Warning, "LinkBelowWidth", device,
                $"{device.Name} runs on {accelerator.PcieWidth} of {accelerator.MaxPcieWidth} PCI Express lanes.",
                "Reseat the card or riser, and check the slot's wiring and bifurcation in the firmware; virtual machines may hide the true width.");
        }

        if (accelerator.PcieGeneration < accelerator.MaxPcieGeneration && device.Utilization > Busy)
        {
            yield return Issue(IssueSeverity.Warning, "LinkBelowGeneration", device,
                $"{device.Name} is busy on PCI Express {accelerator.PcieGeneration} where {accelerator.MaxPcieGeneration} is possible.",
                "Check the link speed in the firmware, risers and retimers, and the kernel's log for corrected PCI Express errors.");
        }

        IReadOnlyList<AcceleratorLink> links = accelerator.Links ?? [];
        int down = links.Count(l => !l.Active);
        if (down > 0 && down < links.Count)
        {
            yield return Issue(IssueSeverity.Warning, "DeviceLinkDown", device, $"{down} of {links.Count} links of {device.Name} to other accelerators are down.",
                "Check the fabric manager and the link's error counters (nvidia-smi nvlink -s, -e), then reset the devices together.");
        }
    }

    private static IEnumerable<HardwareIssue> MemoryErrors(HardwareDevice device, AcceleratorDetails accelerator)
    {
        if (accelerator.RemapFailed == true)
        {
            yield return Issue(IssueSeverity.Error, "RowRemapFailed", device, $"{device.Name} has run out of spare memory rows.", "Take it out of service and return it.");
        }

        if (accelerator.RemapPending == true)
        {
            yield return Issue(IssueSeverity.Warning, "RowRemapPending", device, $"{device.Name} has a faulty memory row that a reset would replace.",
                "Drain it and reset it (nvidia-smi --gpu-reset).");
        }

        if (accelerator.EccUncorrectedErrors > 0)
        {
            yield return Issue(IssueSeverity.Error, "MemoryErrorsUncorrected", device,
                $"{device.Name} had {accelerator.EccUncorrectedErrors} memory errors that could not be corrected since the driver loaded.",
                "Restart what ran on it, reset it, and return it if they come back.");
        }

        int[] fatal = [.. (accelerator.XidErrors ?? []).Where(s_fatalXids.Contains).Distinct()];
        if (fatal.Length > 0)
        {
            yield return Issue(IssueSeverity.Error, "DriverErrorReported", device,
                $"The kernel's log holds XID {string.Join(", ", fatal)} of {device.Name}.", "Look the codes up in NVIDIA's XID catalogue; reset the device, and return it if they come back.");
        }
    }
}
