using TokenFactory.Hardware.Amd;
using TokenFactory.Hardware.Intel;

namespace TokenFactory.Hardware.Probing;

/// <summary>AMD and Intel GPUs, each read on a thread of its own. Keeps the vendors' libraries open.</summary>
internal sealed class BusAccelerators(FileTree files, HardwareProbeOptions options) : IDisposable
{
    private readonly DriverWorker _amdWorker = new("AMD's management library", options.Timeout);
    private readonly DriverWorker _intelWorker = new("Level Zero", options.Timeout);
    private readonly Dictionary<string, DriverWorker> _workers = new(StringComparer.Ordinal);
    private Reading<AmdSmiApi>? _amd;
    private Reading<LevelZeroApi>? _intel;

    /// <summary>Reads all of them at once; one that hangs comes back as not responding.</summary>
    public IReadOnlyList<HardwareDevice> Read(IReadOnlyList<PciDevice> devices, CancellationToken cancellationToken)
    {
        PciDevice[] ours = [.. devices.Where(d => d.IsGpu && d.VendorId is PciDevice.Amd or PciDevice.Intel)];
        var reads = ours.Select(device =>
        {
            DriverWorker worker = Worker(device);
            Reading<AmdSmiApi> amd = device.VendorId == PciDevice.Amd ? Amd(cancellationToken) : default;
            Reading<LevelZeroApi> intel = device.VendorId == PciDevice.Intel ? Intel(cancellationToken) : default;
            return Task.Factory.StartNew(
                () => device.NoDriverReason is { } none ? Reading<HardwareDevice>.None(none) : worker.Call(() => Reading<HardwareDevice>.Of(
                    device.VendorId == PciDevice.Amd ? AmdDevice.Read(files, device, amd) : IntelDevice.Read(files, device, intel)), cancellationToken),
                cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }).ToArray();
        try
        {
            // Each read sees the cancellation itself, and marks a driver that it leaves behind; the end must not come before that.
            Task.WaitAll(reads, CancellationToken.None);
        }
        catch (AggregateException e) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The probe was cancelled.", e, cancellationToken);
        }

        return [.. ours.Select((device, i) => reads[i].Result is { Ok: true } read ? read.Value! : Silent(device, reads[i].Result.Reason!))];
    }

    /// <summary>
    /// The instruments of these GPUs; null when one of them has none, for a sum without it would be a lie. Intel's integrated GPU may lack one: its
    /// energy is part of the processor package's.
    /// </summary>
    public IReadOnlyList<Energy.EnergySource>? EnergySources(
        IReadOnlyList<PciDevice> onBus, IReadOnlyCollection<string> ids, List<string> reasons, CancellationToken cancellationToken)
    {
        IReadOnlyList<PciDevice> devices = [.. onBus.Where(d => d.IsMetered)];
        HashSet<string>? wanted = ids.Count == 0 ? null
            : [.. Read(devices, cancellationToken).Where(d => ids.Contains(d.Id, StringComparer.OrdinalIgnoreCase)).Select(d => d.Accelerator?.Bus).OfType<string>()];
        var sources = new List<Energy.EnergySource>();
        foreach (PciDevice device in devices.Where(d => wanted is null || wanted.Contains(d.Bus)))
        {
            DriverWorker worker = Worker(device);
            Reading<AmdSmiApi> amd = device.VendorId == PciDevice.Amd ? Amd(cancellationToken) : default;
            Reading<LevelZeroApi> intel = device.VendorId == PciDevice.Intel ? Intel(cancellationToken) : default;
            Reading<Energy.EnergySource> source = worker.Call(
                () => device.VendorId == PciDevice.Amd ? AmdDevice.EnergySource(files, device, amd, worker) : IntelDevice.EnergySource(files, device, intel, worker), cancellationToken);
            if (source.Ok)
            {
                sources.Add(source.Value!);
                continue;
            }

            reasons.Add(source.Reason!);
            if (!device.IsIntegrated)
            {
                return null;
            }
        }

        return sources;
    }

    public void Dispose()
    {
        _amdWorker.Dispose();
        _intelWorker.Dispose();
        foreach (DriverWorker worker in _workers.Values)
        {
            worker.Dispose();
        }
    }

    private Reading<AmdSmiApi> Amd(CancellationToken token) => _amd ??= _amdWorker.Call(() => AmdSmiApi.Open(options), token);

    private Reading<LevelZeroApi> Intel(CancellationToken token) => _intel ??= _intelWorker.Call(() => LevelZeroApi.Open(options), token);

    private DriverWorker Worker(PciDevice device)
    {
        if (!_workers.TryGetValue(device.Bus, out DriverWorker? worker))
        {
            _workers[device.Bus] = worker = new DriverWorker($"{device.VendorName} GPU {device.Bus}", options.Timeout);
        }

        return worker;
    }

    private HardwareDevice Silent(PciDevice device, string reason)
    {
        var log = new FieldLog();
        log.Missing(reason, nameof(HardwareDevice.MemoryBytes), nameof(HardwareDevice.MemoryUsedBytes), nameof(HardwareDevice.Utilization), nameof(HardwareDevice.TemperatureCelsius),
            nameof(HardwareDevice.PowerWatts), nameof(HardwareDevice.PowerLimitWatts), nameof(HardwareDevice.EnergyJoules), nameof(HardwareDevice.Throttle));
        return new HardwareDevice
        {
            Kind = HardwareKind.Gpu,
            Name = PciDevices.Name(files, device),
            Id = device.Bus,
            Vendor = device.VendorName,
            Health = device.NoDriverReason is not null ? DeviceHealth.NoDriver : Worker(device).Hung ? DeviceHealth.NotResponding : DeviceHealth.Lost,
            Timestamp = DateTimeOffset.Now,
            Accelerator = new AcceleratorDetails { Interface = "PCI", Bus = device.Bus },
            Unavailable = log.Reasons,
        };
    }
}
