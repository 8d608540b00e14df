using TokenFactory.Hardware.Energy;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Intel;

/// <summary>One Intel GPU: the kernel's files (i915 and xe), and Level Zero for what they do not tell.</summary>
internal static class IntelDevice
{
    private const double Mega = 1e6;

    public static HardwareDevice Read(FileTree files, PciDevice device, Reading<LevelZeroApi> library)
    {
        var log = new FieldLog();
        string folder = device.Folder;
        string card = files.Entries(folder + "/drm", "card") is [var first, ..] ? $"{folder}/drm/{first}" : folder + "/drm/card0";
        var sensors = Hwmon.Of(files, folder);
        Reading<(long Total, long Used)> memory = library.Then(l => l.Memory(device.Bus));
        Reading<double> energy = Energy(sensors, device, library);
        (Reading<int> generation, Reading<int> maxGeneration, Reading<int> width, Reading<int> maxWidth) = PciDevices.Link(files, device);
        Reading<double> Clock(params string[] paths)
        {
            Reading<double> last = Reading<double>.None("the driver does not tell");
            foreach (string path in paths)
            {
                last = files.Scaled(path, Mega);
                if (last.Ok)
                {
                    break;
                }
            }

            return last;
        }

        log.Missing("the device counts energy: -Watch tells its power between samples", nameof(HardwareDevice.PowerWatts));
        log.Missing("needs root: Intel's driver counts busy time in performance events (kernel.perf_event_paranoid)", nameof(HardwareDevice.Utilization));
        log.Missing("the driver does not tell", nameof(AcceleratorDetails.EccEnabled), nameof(AcceleratorDetails.Links), nameof(AcceleratorDetails.Uuid));
        return new HardwareDevice
        {
            Kind = HardwareKind.Gpu,
            Name = PciDevices.Name(files, device),
            Id = device.Bus,
            Vendor = "Intel",
            MemoryBytes = log.Number(nameof(HardwareDevice.MemoryBytes), memory.Select(m => m.Total).Or(() => files.Integer(folder + "/tile0/physical_vram_size_bytes"))
                .Or(() => Reading<long>.None("an integrated GPU shares main memory; a card's size needs Level Zero"))),
            MemoryUsedBytes = log.Number(nameof(HardwareDevice.MemoryUsedBytes), memory.Select(m => m.Used)),
            TemperatureCelsius = log.Number(nameof(HardwareDevice.TemperatureCelsius), sensors.Hottest().Or(() => library.Then(l => l.Temperature(device.Bus)))),
            PowerLimitWatts = log.Number(nameof(HardwareDevice.PowerLimitWatts), sensors.First(1e-6, "power1_max", "power1_rated_max")),
            EnergyJoules = log.Number(nameof(HardwareDevice.EnergyJoules), energy),
            EnergyScope = energy.Ok ? EnergyScope.Device : null,
            Throttle = log.Object(nameof(HardwareDevice.Throttle), Throttle(files, card, folder)),
            Timestamp = DateTimeOffset.Now,
            Accelerator = new AcceleratorDetails
            {
                Interface = library.Ok ? $"{device.Driver}, Level Zero" : device.Driver,
                Bus = device.Bus,
                DriverVersion = log.Object(nameof(AcceleratorDetails.DriverVersion), files.Text($"/sys/module/{device.Driver}/version").Or(() => files.Text("/proc/sys/kernel/osrelease"))),
                ClockHertz = log.Number(nameof(AcceleratorDetails.ClockHertz), Clock(
                    card + "/gt/gt0/rps_act_freq_mhz", card + "/gt_act_freq_mhz", folder + "/tile0/gt0/freq0/act_freq")),
                MaxClockHertz = log.Number(nameof(AcceleratorDetails.MaxClockHertz), Clock(
                    card + "/gt/gt0/rps_RP0_freq_mhz", card + "/gt_RP0_freq_mhz", folder + "/tile0/gt0/freq0/rp0_freq")),
                Processes = log.Object(nameof(AcceleratorDetails.Processes), DrmProcesses.Of(files, device)),
                PcieGeneration = log.Number(nameof(AcceleratorDetails.PcieGeneration), generation),
                MaxPcieGeneration = log.Number(nameof(AcceleratorDetails.MaxPcieGeneration), maxGeneration),
                PcieWidth = log.Number(nameof(AcceleratorDetails.PcieWidth), width),
                MaxPcieWidth = log.Number(nameof(AcceleratorDetails.MaxPcieWidth), maxWidth),
            },
            Unavailable = log.Reasons,
        };
    }

    /// <summary>The device's counter; empty with the reason when there is none.</summary>
    public static Reading<EnergySource> EnergySource(FileTree files, PciDevice device, Reading<LevelZeroApi> library, DriverWorker worker)
    {
        const double UpdateSeconds = 0.1;
        var sensors = Hwmon.Of(files, device.Folder);
        Reading<double> now = Energy(sensors, device, library);
        return now.Ok
            ? Reading<EnergySource>.Of(new EnergySource($"Intel GPU {device.Bus} energy counter", EnergyScope.Device, UpdateSeconds,
                () => worker.Call(() => Energy(sensors, device, library))) { Instrument = sensors.First(1e-6, "energy1_input").Ok ? "hwmon energy counter" : "Level Zero energy counter" })
            : Reading<EnergySource>.None($"Intel GPU {device.Bus}: {now.Reason}");
    }

    private static Reading<double> Energy(Hwmon sensors, PciDevice device, Reading<LevelZeroApi> library) =>
        sensors.First(1e-6, "energy1_input").Or(() => library.Then(l => l.Energy(device.Bus)));

    private static Reading<IReadOnlyList<string>> Throttle(FileTree files, string card, string folder)
    {
        (string Prefix, string Status)[] places =
        [
            (card + "/gt/gt0/throttle_reason_", card + "/gt/gt0/throttle_reason_status"),
            (folder + "/tile0/gt0/freq0/throttle/reason_", folder + "/tile0/gt0/freq0/throttle/status"),
        ];
        (string File, string Name)[] reasons =
        [
            ("pl1", "SoftwarePowerCap"), ("pl2", "SoftwarePowerCap"), ("pl4", "PowerBrake"), ("thermal", "HardwareThermal"), ("prochot", "HardwareThermal"),
            ("vr_thermalert", "HardwareThermal"), ("vr_tdc", "Current"), ("ratl", "HardwareThermal"),
        ];
        foreach ((string prefix, string status) in places)
        {
            if (files.Integer(status) is { Ok: true } held)
            {
                return Reading<IReadOnlyList<string>>.Of(held.Value == 0
                    ? []
                    : [.. reasons.Where(r => files.Integer(prefix + r.File) is { Ok: true, Value: not 0 }).Select(r => r.Name).Distinct()]);
            }
        }

        return Reading<IReadOnlyList<string>>.None("the driver does not tell");
    }
}
