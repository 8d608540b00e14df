using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Nvidia;

/// <summary>An NVIDIA GPU that is on the bus but that NVML does not speak of: no driver, a driver that hangs, or a device that is lost.</summary>
internal static class BusDevice
{
    private static readonly string[] s_driverFields =
    [
        nameof(HardwareDevice.MemoryBytes), nameof(HardwareDevice.MemoryUsedBytes), nameof(HardwareDevice.Utilization), nameof(HardwareDevice.TemperatureCelsius),
        nameof(HardwareDevice.PowerWatts), nameof(HardwareDevice.PowerLimitWatts), nameof(HardwareDevice.EnergyJoules), nameof(HardwareDevice.Throttle),
        nameof(AcceleratorDetails.Uuid), nameof(AcceleratorDetails.CudaVersion), nameof(AcceleratorDetails.ComputeCapability), nameof(AcceleratorDetails.ClockHertz),
        nameof(AcceleratorDetails.MaxClockHertz), nameof(AcceleratorDetails.MemoryClockHertz), nameof(AcceleratorDetails.MaxMemoryClockHertz),
        nameof(AcceleratorDetails.MemoryUtilization), nameof(AcceleratorDetails.EccEnabled), nameof(AcceleratorDetails.EccCorrectedErrors),
        nameof(AcceleratorDetails.EccUncorrectedErrors), nameof(AcceleratorDetails.RemappedRows), nameof(AcceleratorDetails.RemapPending),
        nameof(AcceleratorDetails.RemapFailed), nameof(AcceleratorDetails.Links), nameof(AcceleratorDetails.MigEnabled), nameof(AcceleratorDetails.Instances),
        nameof(AcceleratorDetails.Processes),
    ];

    public static HardwareDevice Read(FileTree files, PciDevice device, XidLog xids, NvmlSession nvml)
    {
        var log = new FieldLog();
        log.Missing(device.IsReserved ? device.NoDriverReason! : nvml.Reason ?? "NVML does not list the device", s_driverFields);
        (Reading<int> generation, Reading<int> maxGeneration, Reading<int> width, Reading<int> maxWidth) = PciDevices.Link(files, device);
        return new HardwareDevice
        {
            Kind = HardwareKind.Gpu,
            Name = PciDevices.Name(files, device),
            Id = device.Bus,
            Vendor = device.VendorName,
            Health = device.IsReserved ? DeviceHealth.NoDriver
                : nvml.Hung ? DeviceHealth.NotResponding
                : nvml.Loaded && nvml.Reason is null ? DeviceHealth.Lost
                : nvml.Reason == NvmlStatus.Reason(NvmlStatus.NoPermission) ? DeviceHealth.NoPermission
                : DeviceHealth.NoDriver,
            Timestamp = DateTimeOffset.Now,
            Accelerator = new AcceleratorDetails
            {
                Interface = "PCI",
                Bus = device.Bus,
                DriverVersion = log.Object(nameof(AcceleratorDetails.DriverVersion), files.Text("/sys/module/nvidia/version")),
                XidErrors = log.Object(nameof(AcceleratorDetails.XidErrors), xids.Of(device.Bus)),
                PcieGeneration = log.Number(nameof(AcceleratorDetails.PcieGeneration), generation),
                MaxPcieGeneration = log.Number(nameof(AcceleratorDetails.MaxPcieGeneration), maxGeneration),
                PcieWidth = log.Number(nameof(AcceleratorDetails.PcieWidth), width),
                MaxPcieWidth = log.Number(nameof(AcceleratorDetails.MaxPcieWidth), maxWidth),
            },
            Unavailable = log.Reasons,
        };
    }
}
