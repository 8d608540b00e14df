using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Npu;

/// <summary>Neural processors that Linux names: the compute accelerator class (/sys/class/accel) and PCI devices of that kind.</summary>
internal static class NpuDevices
{
    public static IEnumerable<HardwareDevice> Read(FileTree files, IReadOnlyList<PciDevice> bus)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        int index = 0;
        foreach (string accel in files.Entries("/sys/class/accel", "accel"))
        {
            string folder = $"/sys/class/accel/{accel}/device";
            string? address = files.LinkName(folder) ?? Address(files, folder);
            string driver = files.LinkName(folder + "/driver") ?? Uevent(files, folder, "DRIVER") ?? "unknown driver";
            if (address is not null)
            {
                seen.Add(address);
            }

            yield return Device(files, folder, driver, address, accel, index++);
        }

        foreach (PciDevice device in bus.Where(d => d.IsNpu && !seen.Contains(d.Bus)))
        {
            var log = new FieldLog();
            string reason = device.NoDriverReason ?? $"its driver {device.Driver} is not in the accelerator class";
            log.Missing(reason, nameof(HardwareDevice.MemoryBytes), nameof(HardwareDevice.Utilization), nameof(HardwareDevice.PowerWatts), nameof(HardwareDevice.EnergyJoules));
            yield return new HardwareDevice
            {
                Kind = HardwareKind.Npu,
                Name = PciDevices.Name(files, device),
                Id = device.Bus,
                Index = index++,
                Vendor = device.VendorName,
                Health = device.NoDriverReason is not null ? DeviceHealth.NoDriver : DeviceHealth.Ok,
                Timestamp = DateTimeOffset.Now,
                Accelerator = new AcceleratorDetails { Interface = "PCI", Bus = device.Bus },
                Unavailable = log.Reasons,
            };
        }
    }

    private static HardwareDevice Device(FileTree files, string folder, string driver, string? address, string accel, int index)
    {
        var log = new FieldLog();
        (string vendor, string name) = driver switch
        {
            "intel_vpu" => ("Intel", "Intel NPU"),
            "amdxdna" => ("AMD", files.Text(folder + "/vbnv") is { Ok: true, Value.Length: > 0 } product ? $"AMD {product.Value}" : "AMD XDNA NPU"),
            "habanalabs" => ("Habana", files.Text(folder + "/device_type") is { Ok: true, Value.Length: > 0 } type ? $"Habana {type.Value}" : "Habana Gaudi"),
            "qaic" => ("Qualcomm", "Qualcomm Cloud AI 100"),
            "rocket" => ("Rockchip", "Rockchip NPU"),
            _ => ("", $"Accelerator ({driver})"),
        };
        log.Missing("the driver does not tell", nameof(HardwareDevice.PowerWatts), nameof(HardwareDevice.EnergyJoules), nameof(HardwareDevice.Utilization), nameof(HardwareDevice.MemoryBytes));
        return new HardwareDevice
        {
            Kind = HardwareKind.Npu,
            Name = name,
            Id = address ?? accel,
            Index = index,
            Vendor = vendor.Length > 0 ? vendor : null,
            MemoryUsedBytes = log.Number(nameof(HardwareDevice.MemoryUsedBytes), files.Integer(folder + "/npu_memory_utilization")),
            TemperatureCelsius = log.Number(nameof(HardwareDevice.TemperatureCelsius), Hwmon.Of(files, folder).Hottest()),
            Timestamp = DateTimeOffset.Now,
            Accelerator = new AcceleratorDetails
            {
                Interface = driver,
                Bus = address,
                ClockHertz = log.Number(nameof(AcceleratorDetails.ClockHertz), files.Scaled(folder + "/npu_current_frequency_mhz", 1e6)),
                MaxClockHertz = log.Number(nameof(AcceleratorDetails.MaxClockHertz), files.Scaled(folder + "/npu_max_frequency_mhz", 1e6)),
            },
            Unavailable = log.Reasons,
        };
    }

    private static string? Address(FileTree files, string folder) => Uevent(files, folder, "PCI_SLOT_NAME");

    private static string? Uevent(FileTree files, string folder, string key) =>
        files.Text(folder + "/uevent").Value?.Split('\n').FirstOrDefault(l => l.StartsWith(key + "=", StringComparison.Ordinal))?[(key.Length + 1)..];
}
