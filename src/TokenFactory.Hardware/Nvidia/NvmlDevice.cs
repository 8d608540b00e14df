using System.Globalization;
using TokenFactory.Hardware.Energy;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Nvidia;

/// <summary>One NVIDIA GPU behind NVML.</summary>
internal sealed class NvmlDevice(NvmlApi api, uint index, TimeSpan timeout) : IDisposable
{
    private const double Mega = 1e6;
    private const uint ClockGraphics = 0;
    private const uint ClockMemory = 2;
    private const uint ThresholdSlowdown = 1;
    private const int MostLinks = 18;
    private const uint FieldLinkSpeed = 90;

    private readonly DriverWorker _worker = new(string.Create(CultureInfo.InvariantCulture, $"GPU {index}"), timeout);
    private Reading<nint>? _handle;

    public bool Hung => _worker.Hung;

    public uint Index => index;

    /// <summary>NVML's handle; none while the device refuses it.</summary>
    public nint Handle => _handle is { Ok: true } handle ? handle.Value : 0;

    /// <summary>The device's stable id.</summary>
    public string Id(CancellationToken cancellationToken = default) =>
        Call(h => api.Text(h, "nvmlDeviceGetUUID"), cancellationToken).Value ?? string.Create(CultureInfo.InvariantCulture, $"gpu{index}");

    /// <summary>Energy since the driver loaded, joules (Volta and later).</summary>
    public Reading<double> Energy(CancellationToken cancellationToken = default) =>
        Call(h => api.ULong(h, "nvmlDeviceGetTotalEnergyConsumption"), cancellationToken).Select(mj => mj * 1e-3);

    /// <summary>Power now, watts.</summary>
    public Reading<double> Power(CancellationToken cancellationToken = default) =>
        Call(h => api.UInt(h, "nvmlDeviceGetPowerUsage"), cancellationToken).Select(mw => mw * 1e-3);

    public HardwareDevice Read(NvmlSession session, XidLog xids, CancellationToken token)
    {
        var log = new FieldLog();
        Reading<uint> UInt(string function) => Call(h => api.UInt(h, function), token);
        Reading<uint> At(string function, uint argument) => Call(h => api.UInt(h, function, argument), token);
        Reading<(uint First, uint Second)> Pair(string function) => Call(h => api.Pair(h, function), token);

        // A device that was lost may have been reset since the last reading.
        api.Fatal.TryRemove(FatalKey, out _);

        // The first call may take longer than the others: it finds the handle and wakes the device.
        _ = Call(Reading<nint>.Of, token);
        Reading<string> name = Call(h => api.Text(h, "nvmlDeviceGetName"), token);
        Reading<string> uuid = Call(h => api.Text(h, "nvmlDeviceGetUUID"), token);
        Reading<string> bus = Call(h => api.BusId(h), token).Select(NormaliseBus);
        Reading<NvmlMemory> memory = Call(api.Memory, token);
        Reading<(uint First, uint Second)> utilization = Call(api.Utilization, token);
        Reading<NvmlRemappedRows> rows = Call(api.RemappedRows, token);
        Reading<(uint First, uint Second)> limits = Pair("nvmlDeviceGetPowerManagementLimitConstraints");
        Reading<(uint First, uint Second)> mig = Pair("nvmlDeviceGetMigMode");
        Reading<double> energy = Energy(token);
        Reading<double> power = Power(token);
        Reading<ulong> throttle = Call(h => api.ULong(h, "nvmlDeviceGetCurrentClocksThrottleReasons"), token)
            .Or(() => Call(h => api.ULong(h, "nvmlDeviceGetCurrentClocksEventReasons"), token));

        var accelerator = new AcceleratorDetails
        {
            Interface = "NVML",
            Uuid = log.Object(nameof(AcceleratorDetails.Uuid), uuid),
            Bus = log.Object(nameof(AcceleratorDetails.Bus), bus),
            DriverVersion = log.Object(nameof(AcceleratorDetails.DriverVersion), session.DriverVersion),
            CudaVersion = log.Object(nameof(AcceleratorDetails.CudaVersion), session.CudaVersion),
            ComputeCapability = log.Object(nameof(AcceleratorDetails.ComputeCapability), Pair("nvmlDeviceGetCudaComputeCapability")
                .Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.First}.{c.Second}"))),
            ClockHertz = log.Number(nameof(AcceleratorDetails.ClockHertz), At("nvmlDeviceGetClockInfo", ClockGraphics).Select(c => c * Mega)),
            MaxClockHertz = log.Number(nameof(AcceleratorDetails.MaxClockHertz), At("nvmlDeviceGetMaxClockInfo", ClockGraphics).Select(c => c * Mega)),
            MemoryClockHertz = log.Number(nameof(AcceleratorDetails.MemoryClockHertz), At("nvmlDeviceGetClockInfo", ClockMemory).Select(c => c * Mega)),
            MaxMemoryClockHertz = log.Number(nameof(AcceleratorDetails.MaxMemoryClockHertz), At("nvmlDeviceGetMaxClockInfo", ClockMemory).Select(c => c * Mega)),
            MemoryUtilization = log.Number(nameof(AcceleratorDetails.MemoryUtilization), utilization.Then(u => Share(u.Second))),
            FanSpeed = log.Number(nameof(AcceleratorDetails.FanSpeed), UInt("nvmlDeviceGetFanSpeed").Select(p => p / 100.0)),
            SlowdownTemperatureCelsius = log.Number(nameof(AcceleratorDetails.SlowdownTemperatureCelsius),
                At("nvmlDeviceGetTemperatureThreshold", ThresholdSlowdown).Then(Celsius)),
            MinPowerLimitWatts = log.Number(nameof(AcceleratorDetails.MinPowerLimitWatts), limits.Select(l => l.First * 1e-3)),
            MaxPowerLimitWatts = log.Number(nameof(AcceleratorDetails.MaxPowerLimitWatts), limits.Select(l => l.Second * 1e-3)),
            EccEnabled = log.Number(nameof(AcceleratorDetails.EccEnabled), Pair("nvmlDeviceGetEccMode").Select(e => e.First != 0)),
            EccCorrectedErrors = log.Number(nameof(AcceleratorDetails.EccCorrectedErrors), Call(h => api.EccErrors(h, corrected: true), token).Select(e => (long)e)),
            EccUncorrectedErrors = log.Number(nameof(AcceleratorDetails.EccUncorrectedErrors), Call(h => api.EccErrors(h, corrected: false), token).Select(e => (long)e)),
            RemappedRows = log.Number(nameof(AcceleratorDetails.RemappedRows), rows.Select(r => (long)r.Correctable + r.Uncorrectable)),
            RemapPending = log.Number(nameof(AcceleratorDetails.RemapPending), rows.Select(r => r.Pending != 0)),
            RemapFailed = log.Number(nameof(AcceleratorDetails.RemapFailed), rows.Select(r => r.Failed != 0)),
            XidErrors = log.Object(nameof(AcceleratorDetails.XidErrors), bus.Then(xids.Of)),
            PcieGeneration = log.Number(nameof(AcceleratorDetails.PcieGeneration), UInt("nvmlDeviceGetCurrPcieLinkGeneration").Select(v => (int)v)),
            MaxPcieGeneration = log.Number(nameof(AcceleratorDetails.MaxPcieGeneration), UInt("nvmlDeviceGetMaxPcieLinkGeneration").Select(v => (int)v)),
            PcieWidth = log.Number(nameof(AcceleratorDetails.PcieWidth), UInt("nvmlDeviceGetCurrPcieLinkWidth").Select(v => (int)v)),
            MaxPcieWidth = log.Number(nameof(AcceleratorDetails.MaxPcieWidth), UInt("nvmlDeviceGetMaxPcieLinkWidth").Select(v => (int)v)),
            Links = log.Object(nameof(AcceleratorDetails.Links), Links(token)),
            MigEnabled = log.Number(nameof(AcceleratorDetails.MigEnabled), mig.Select(m => m.First != 0)),
            Instances = log.Object(nameof(AcceleratorDetails.Instances), mig.Then(m => m.First != 0
                ? Instances(token)
                : Reading<IReadOnlyList<AcceleratorInstance>>.Of([]))),
            Processes = log.Object(nameof(AcceleratorDetails.Processes), Processes(token)),
        };
        var device = new HardwareDevice
        {
            Kind = HardwareKind.Gpu,
            Name = name.Value is { Length: > 0 } known ? known : string.Create(CultureInfo.InvariantCulture, $"NVIDIA GPU {index}"),
            Id = uuid.Value ?? bus.Value ?? string.Create(CultureInfo.InvariantCulture, $"gpu{index}"),
            Index = (int)index,
            Vendor = "NVIDIA",
            MemoryBytes = log.Number(nameof(HardwareDevice.MemoryBytes), memory.Then(m => Bytes(m.Total))),
            MemoryUsedBytes = log.Number(nameof(HardwareDevice.MemoryUsedBytes), memory.Then(m => Bytes(m.Used))),
            Utilization = log.Number(nameof(HardwareDevice.Utilization), utilization.Then(u => Share(u.First))),
            TemperatureCelsius = log.Number(nameof(HardwareDevice.TemperatureCelsius), At("nvmlDeviceGetTemperature", 0).Then(Celsius)),
            PowerWatts = log.Number(nameof(HardwareDevice.PowerWatts), power),
            PowerLimitWatts = log.Number(nameof(HardwareDevice.PowerLimitWatts), UInt("nvmlDeviceGetEnforcedPowerLimit")
                .Or(() => UInt("nvmlDeviceGetPowerManagementLimit")).Select(mw => mw * 1e-3)),
            EnergyJoules = log.Number(nameof(HardwareDevice.EnergyJoules), energy),
            EnergyScope = energy.Ok || power.Ok ? EnergyScope.Device : null,
            Throttle = log.Object(nameof(HardwareDevice.Throttle), throttle.Select(ThrottleNames)),
            Accelerator = accelerator,
            Unavailable = log.Reasons,
            Timestamp = DateTimeOffset.Now,
        };

        // Any of the calls above may have been the one that hung or found the device gone.
        return device with { Health = Health(name) };
    }

    /// <summary>Reasons why clocks are lower than asked for (nvml.h, nvmlClocksThrottleReasons); idleness is none.</summary>
    internal static IReadOnlyList<string> ThrottleNames(ulong bits)
    {
        (ulong Bit, string Name)[] names =
        [
            (0x2, "ApplicationClocks"), (0x4, "SoftwarePowerCap"), (0x8, "HardwareSlowdown"), (0x10, "SyncBoost"), (0x20, "SoftwareThermal"),
            (0x40, "HardwareThermal"), (0x80, "PowerBrake"), (0x100, "DisplayClocks"),
        ];
        return [.. names.Where(n => (bits & n.Bit) != 0).Select(n => n.Name)];
    }

    /// <summary>A bus address as the kernel writes it: NVML's domain has eight digits.</summary>
    internal static string NormaliseBus(string bus)
    {
        string text = bus.ToLowerInvariant();
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon == 8 && text.StartsWith("0000", StringComparison.Ordinal) ? text[4..] : text;
    }

    public void Dispose() => _worker.Dispose();

    private nint FatalKey => _handle is { Ok: true } handle ? handle.Value : -1 - (nint)index;

    private DeviceHealth Health(Reading<string> name)
    {
        if (_worker.Hung)
        {
            return DeviceHealth.NotResponding;
        }

        if (api.Fatal.ContainsKey(FatalKey))
        {
            return DeviceHealth.Lost;
        }

        return _handle is { Ok: false } && name.Reason == NvmlStatus.Reason(NvmlStatus.NoPermission) ? DeviceHealth.NoPermission : DeviceHealth.Ok;
    }

    private Reading<T> Call<T>(Func<nint, Reading<T>> call, CancellationToken token) => _worker.Call(() =>
    {
        // A lost device may come back after a reset, so a handle that failed is asked for again.
        if (_handle is not { Ok: true })
        {
            _handle = api.Handle(index);
        }

        return _handle.Value.Then(call);
    }, token);

    private Reading<IReadOnlyList<AcceleratorLink>> Links(CancellationToken token) => Call(h =>
    {
        var links = new List<AcceleratorLink>();
        for (uint link = 0; link < MostLinks; link++)
        {
            Reading<uint> state = api.UInt(h, "nvmlDeviceGetNvLinkState", link);
            if (!state.Ok)
            {
                // The first link's refusal tells that there are none; a later one that there are no more.
                return link == 0 && state.Reason != NvmlStatus.Reason(NvmlStatus.NotSupported)
                    ? Reading<IReadOnlyList<AcceleratorLink>>.None(state.Reason!)
                    : Reading<IReadOnlyList<AcceleratorLink>>.Of(links);
            }

            Reading<uint> version = api.UInt(h, "nvmlDeviceGetNvLinkVersion", link);
            Reading<ulong> speed = api.Field(h, FieldLinkSpeed, link);
            links.Add(new AcceleratorLink((int)link, state.Value != 0, version.Ok ? (int)version.Value : null, speed is { Ok: true, Value: > 0 } ? speed.Value * Mega : null));
        }

        return Reading<IReadOnlyList<AcceleratorLink>>.Of(links);
    }, token);

    private Reading<IReadOnlyList<AcceleratorInstance>> Instances(CancellationToken token) => Call(h => api.UInt(h, "nvmlDeviceGetMaxMigDeviceCount").Then(most =>
    {
        var instances = new List<AcceleratorInstance>();
        for (uint i = 0; i < Math.Min(most, 64); i++)
        {
            Reading<nint> handle = api.MigHandle(h, i);
            if (handle.Ok)
            {
                Reading<NvmlMemory> memory = api.Memory(handle.Value);
                instances.Add(new AcceleratorInstance(
                    api.Text(handle.Value, "nvmlDeviceGetName").Value ?? "MIG",
                    api.Text(handle.Value, "nvmlDeviceGetUUID").Value,
                    memory.Ok ? (long)memory.Value.Total : null));
            }
        }

        return Reading<IReadOnlyList<AcceleratorInstance>>.Of(instances);
    }), token);

    private Reading<IReadOnlyList<AcceleratorProcess>> Processes(CancellationToken token) =>
        Call(h => api.Processes(h, "nvmlDeviceGetComputeRunningProcesses_v3"), token).Then(compute =>
        {
            Reading<IReadOnlyList<AcceleratorProcess>> graphics = Call(h => api.Processes(h, "nvmlDeviceGetGraphicsRunningProcesses_v3"), token);
            return Reading<IReadOnlyList<AcceleratorProcess>>.Of([.. compute.Concat(graphics.Value ?? []).DistinctBy(p => p.ProcessId)]);
        });

    private static Reading<double> Share(uint percent) =>
        percent <= 100 ? Reading<double>.Of(percent / 100.0) : Reading<double>.None($"NVML reports {percent} %, which can't be");

    private static Reading<double> Celsius(uint degrees) =>
        degrees is > 0 and < 200 ? Reading<double>.Of(degrees) : Reading<double>.None($"NVML reports {degrees} degrees, which can't be");

    private static Reading<long> Bytes(ulong bytes) =>
        bytes < 1UL << 50 ? Reading<long>.Of((long)bytes) : Reading<long>.None($"NVML reports {bytes} bytes, which can't be");
}
