using System.Globalization;
using TokenFactory.Hardware.Energy;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Amd;

/// <summary>One AMD GPU: the kernel's files, and AMD's management library for what they do not tell.</summary>
internal static class AmdDevice
{
    public static HardwareDevice Read(FileTree files, PciDevice device, Reading<AmdSmiApi> library)
    {
        var log = new FieldLog();
        string folder = device.Folder;
        var sensors = Hwmon.Of(files, folder);
        Reading<AmdGpuMetrics> metrics = files.Bytes(folder + "/gpu_metrics").Then(b => AmdGpuMetrics.Parse(b));
        Reading<double> energy = library.Then(l => l.Energy(device.Bus)).Or(() => metrics.Select(m => m.EnergyJoules));
        Reading<double> power = sensors.First(1e-6, "power1_average", "power1_input");
        (Reading<double> clock, Reading<double> maxClock) = Clocks(files.Text(folder + "/pp_dpm_sclk"));
        (Reading<double> memoryClock, Reading<double> maxMemoryClock) = Clocks(files.Text(folder + "/pp_dpm_mclk"));
        Reading<string> errors = files.Text(folder + "/ras/umc_err_count");
        (Reading<int> generation, Reading<int> maxGeneration, Reading<int> width, Reading<int> maxWidth) = PciDevices.Link(files, device);
        Reading<string> partition = files.Text(folder + "/current_compute_partition");
        Reading<string> uuid = library.Then(l => l.Uuid(device.Bus)).Or(() => files.Text(folder + "/unique_id"));
        log.Missing("the driver does not tell", nameof(AcceleratorDetails.EccEnabled));
        return new HardwareDevice
        {
            Kind = HardwareKind.Gpu,
            Name = library.Then(l => l.ProductName(device.Bus)).Or(() => files.Text(folder + "/product_name")) is { Ok: true, Value.Length: > 0 } name
                ? name.Value : PciDevices.Name(files, device),
            Id = uuid.Value ?? device.Bus,
            Vendor = "AMD",
            MemoryBytes = log.Number(nameof(HardwareDevice.MemoryBytes), files.Integer(folder + "/mem_info_vram_total")),
            MemoryUsedBytes = log.Number(nameof(HardwareDevice.MemoryUsedBytes), files.Integer(folder + "/mem_info_vram_used")),
            Utilization = log.Number(nameof(HardwareDevice.Utilization), Percent(files.Integer(folder + "/gpu_busy_percent"))),
            TemperatureCelsius = log.Number(nameof(HardwareDevice.TemperatureCelsius), sensors.Hottest()),
            PowerWatts = log.Number(nameof(HardwareDevice.PowerWatts), power),
            PowerLimitWatts = log.Number(nameof(HardwareDevice.PowerLimitWatts), sensors.First(1e-6, "power1_cap")),
            EnergyJoules = log.Number(nameof(HardwareDevice.EnergyJoules), energy),
            EnergyScope = energy.Ok || power.Ok ? EnergyScope.Device : null,
            Throttle = log.Object(nameof(HardwareDevice.Throttle), metrics.Then(m => m.Throttle is { } t
                ? Reading<IReadOnlyList<string>>.Of(t)
                : Reading<IReadOnlyList<string>>.None("the driver does not tell"))),
            Timestamp = DateTimeOffset.Now,
            Accelerator = new AcceleratorDetails
            {
                Interface = library.Ok ? "amdgpu, amd-smi" : "amdgpu",
                Uuid = log.Object(nameof(AcceleratorDetails.Uuid), uuid),
                Bus = device.Bus,
                DriverVersion = log.Object(nameof(AcceleratorDetails.DriverVersion), files.Text("/sys/module/amdgpu/version").Or(() => files.Text("/proc/sys/kernel/osrelease"))),
                ClockHertz = log.Number(nameof(AcceleratorDetails.ClockHertz), clock),
                MaxClockHertz = log.Number(nameof(AcceleratorDetails.MaxClockHertz), maxClock),
                MemoryClockHertz = log.Number(nameof(AcceleratorDetails.MemoryClockHertz), memoryClock),
                MaxMemoryClockHertz = log.Number(nameof(AcceleratorDetails.MaxMemoryClockHertz), maxMemoryClock),
                MemoryUtilization = log.Number(nameof(AcceleratorDetails.MemoryUtilization), Percent(files.Integer(folder + "/mem_busy_percent"))),
                FanSpeed = log.Number(nameof(AcceleratorDetails.FanSpeed), sensors.First(1, "fan1_input").Then(f => sensors.First(1, "fan1_max").Then(m => m > 0
                    ? Reading<double>.Of(f / m) : Reading<double>.None("the driver does not tell the fan's full speed")))),
                SlowdownTemperatureCelsius = log.Number(nameof(AcceleratorDetails.SlowdownTemperatureCelsius), sensors.First(1e-3, "temp2_crit", "temp1_crit")),
                MinPowerLimitWatts = log.Number(nameof(AcceleratorDetails.MinPowerLimitWatts), sensors.First(1e-6, "power1_cap_min")),
                MaxPowerLimitWatts = log.Number(nameof(AcceleratorDetails.MaxPowerLimitWatts), sensors.First(1e-6, "power1_cap_max")),
                EccCorrectedErrors = log.Number(nameof(AcceleratorDetails.EccCorrectedErrors), ErrorCount(errors, "ce:")),
                EccUncorrectedErrors = log.Number(nameof(AcceleratorDetails.EccUncorrectedErrors), ErrorCount(errors, "ue:")),
                RemappedRows = log.Number(nameof(AcceleratorDetails.RemappedRows), files.Text(folder + "/ras/gpu_vram_bad_pages")
                    .Select(t => (long)t.Split('\n').Count(l => l.Contains(':', StringComparison.Ordinal)))),
                Links = log.Object(nameof(AcceleratorDetails.Links), KfdLinks.Of(files, device)),
                Processes = log.Object(nameof(AcceleratorDetails.Processes), DrmProcesses.Of(files, device)),
                PcieGeneration = log.Number(nameof(AcceleratorDetails.PcieGeneration), generation),
                MaxPcieGeneration = log.Number(nameof(AcceleratorDetails.MaxPcieGeneration), maxGeneration),
                PcieWidth = log.Number(nameof(AcceleratorDetails.PcieWidth), width),
                MaxPcieWidth = log.Number(nameof(AcceleratorDetails.MaxPcieWidth), maxWidth),
                MigEnabled = partition.Ok ? partition.Value != "SPX" : null,
            },
            Unavailable = log.Reasons,
        };
    }

    /// <summary>The instruments of a device, best first; empty with the reason when there is none.</summary>
    public static Reading<EnergySource> EnergySource(FileTree files, PciDevice device, Reading<AmdSmiApi> library, DriverWorker worker)
    {
        const double UpdateSeconds = 0.1;
        string path = device.Folder + "/gpu_metrics";
        if (library.Then(l => l.Energy(device.Bus)).Ok)
        {
            return Reading<EnergySource>.Of(new EnergySource($"AMD GPU {device.Bus} energy counter", EnergyScope.Device, UpdateSeconds,
                () => worker.Call(() => library.Value!.Energy(device.Bus))) { Instrument = "amd-smi energy counter" });
        }

        Reading<AmdGpuMetrics> metrics = files.Bytes(path).Then(b => AmdGpuMetrics.Parse(b));
        if (metrics.Ok)
        {
            return Reading<EnergySource>.Of(new EnergySource($"AMD GPU {device.Bus} energy counter", EnergyScope.Device, UpdateSeconds,
                () => worker.Call(() => files.Bytes(path).Then(b => AmdGpuMetrics.Parse(b)).Select(m => m.EnergyJoules))) { Instrument = "gpu_metrics energy counter" });
        }

        var sensors = Hwmon.Of(files, device.Folder);
        Reading<double> power = sensors.First(1e-6, "power1_average", "power1_input");
        return power.Ok
            ? Reading<EnergySource>.Of(new EnergySource($"AMD GPU {device.Bus} power", EnergyScope.Device, UpdateSeconds,
                () => worker.Call(() => sensors.First(1e-6, "power1_average", "power1_input"))) { Instrument = "hwmon power, integrated", IsPower = true })
            : Reading<EnergySource>.None($"AMD GPU {device.Bus}: {power.Reason}");
    }

    private static Reading<double> Percent(Reading<long> percent) =>
        percent.Then(p => p is >= 0 and <= 100 ? Reading<double>.Of(p / 100.0) : Reading<double>.None($"the driver reports {p} %, which can't be"));

    // "0: 500Mhz\n1: 1700Mhz *": the star is where the clock stands.
    private static (Reading<double> Now, Reading<double> Most) Clocks(Reading<string> text)
    {
        if (!text.Ok)
        {
            return (Reading<double>.None(text.Reason!), Reading<double>.None(text.Reason!));
        }

        var now = Reading<double>.None("the driver marks no clock as current");
        double most = 0;
        foreach (string line in text.Value!.Split('\n'))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            int unit = line.IndexOf("Mhz", StringComparison.OrdinalIgnoreCase);
            if (colon >= 0 && unit > colon && double.TryParse(line.AsSpan(colon + 1, unit - colon - 1), NumberStyles.Float, CultureInfo.InvariantCulture, out double mhz) && mhz >= 0)
            {
                most = Math.Max(most, mhz * 1e6);
                now = line.Contains('*', StringComparison.Ordinal) ? Reading<double>.Of(mhz * 1e6) : now;
            }
        }

        return (now, most > 0 ? Reading<double>.Of(most) : Reading<double>.None("the driver tells no clocks"));
    }

    private static Reading<long> ErrorCount(Reading<string> text, string label) => text.Then(t =>
    {
        string? line = t.Split('\n').FirstOrDefault(l => l.StartsWith(label, StringComparison.Ordinal));
        return long.TryParse(line?[label.Length..].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long count)
            ? Reading<long>.Of(count)
            : Reading<long>.None("the driver's error count can't be read");
    });
}
