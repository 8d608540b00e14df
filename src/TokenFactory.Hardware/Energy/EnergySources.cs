using TokenFactory.Hardware.Apple;
using TokenFactory.Hardware.Nvidia;
using TokenFactory.Hardware.Probing;
using TokenFactory.Hardware.Windows;

namespace TokenFactory.Hardware.Energy;

/// <summary>Finds this machine's instruments, the best for a target first, and keeps their libraries open.</summary>
internal sealed class EnergySources : IDisposable
{
    // NVML renews its counter and its power about every 20 to 100 ms by generation; the longest is taken.
    internal const double NvmlUpdateSeconds = 0.1;

    private readonly List<IDisposable> _open = [];

    private EnergySources()
    {
    }

    public IReadOnlyList<EnergySource> Sources { get; private set; } = [];

    public string? Reason { get; private set; }

    public static EnergySources Find(EnergyMeterOptions options, CancellationToken cancellationToken)
    {
        var found = new EnergySources();
        var files = new FileTree(options.Probe.Root);
        var reasons = new List<string>();
        IEnumerable<Func<IReadOnlyList<EnergySource>>> ladder = options.Target switch
        {
            EnergyTarget.Cpu => found.Processor(files, options.Probe.IsLive, reasons),
            EnergyTarget.Accelerators => found.Accelerators(options, reasons, cancellationToken),
            EnergyTarget.System => Machine(files, reasons),
            _ => found.Accelerators(options, reasons, cancellationToken).Concat(found.Processor(files, options.Probe.IsLive, reasons)),
        };
        foreach (Func<IReadOnlyList<EnergySource>> step in ladder)
        {
            if (step() is { Count: > 0 } sources)
            {
                found.Sources = sources;
                return found;
            }
        }

        found.Reason = reasons.Count > 0 ? string.Join("; ", reasons.Distinct(StringComparer.Ordinal)) : null;
        return found;
    }

    public void Dispose()
    {
        foreach (IDisposable open in _open)
        {
            open.Dispose();
        }
    }

    /// <summary>All accelerators in one sum, whoever made them: every one of their instruments covers a device. None when one that works can't be metered.</summary>
    private IEnumerable<Func<IReadOnlyList<EnergySource>>> Accelerators(
        EnergyMeterOptions options, List<string> reasons, CancellationToken cancellationToken)
    {
        if (options.Probe.IsLive && OperatingSystem.IsMacOS())
        {
            yield return () => Apple(gpu: true, reasons);
            yield break;
        }

        yield return () =>
        {
            IReadOnlyList<PciDevice> onBus = !options.Probe.IsLive || OperatingSystem.IsLinux() ? PciDevices.Accelerators(new FileTree(options.Probe.Root)) : [];
            List<EnergySource>? nvidia = Nvidia(options, onBus, reasons, cancellationToken);
            if (nvidia is null || !onBus.Any(d => d.IsMetered))
            {
                return nvidia ?? [];
            }

            var bus = new BusAccelerators(new FileTree(options.Probe.Root), options.Probe);
            _open.Add(bus);
            return bus.EnergySources(onBus, options.DeviceIds, reasons, cancellationToken) is { } others ? [.. nvidia, .. others] : [];
        };
    }

    private IEnumerable<Func<IReadOnlyList<EnergySource>>> Processor(FileTree files, bool live, List<string> reasons)
    {
        if (live && OperatingSystem.IsWindows())
        {
            yield return () => OperatingSystem.IsWindows() ? EmiEnergy.Sources(reasons, _open) : [];
            yield break;
        }

        if (live && OperatingSystem.IsMacOS())
        {
            yield return () => Apple(gpu: false, reasons);
            yield break;
        }

        yield return () => Rapl.Sources(files, system: false, reasons);
        yield return () => HwmonPower.Sources(files, EnergyScope.Package, reasons);
        yield return () => HwmonPower.Sources(files, EnergyScope.Module, reasons);
        foreach (Func<IReadOnlyList<EnergySource>> step in Machine(files, reasons))
        {
            yield return step;
        }
    }

    private static IEnumerable<Func<IReadOnlyList<EnergySource>>> Machine(FileTree files, List<string> reasons)
    {
        yield return () => Rapl.Sources(files, system: true, reasons);
        yield return () => HwmonPower.Sources(files, EnergyScope.System, reasons);
        yield return () => HwmonPower.Battery(files);
    }

    private IReadOnlyList<EnergySource> Apple(bool gpu, List<string> reasons)
    {
        Reading<IoReport> report = IoReport.Open();
        if (report.Value is not { } opened)
        {
            reasons.Add(report.Reason!);
            return [];
        }

        _open.Add(opened);
        IReadOnlyList<EnergySource> sources = opened.Sources(gpu);
        if (sources.Count == 0)
        {
            reasons.Add(gpu ? "IOReport has no counter of the GPU" : "IOReport has no counter of the processor");
        }

        return sources;
    }

    /// <summary>Null when a GPU can't be metered; empty when there is none.</summary>
    private List<EnergySource>? Nvidia(EnergyMeterOptions options, IReadOnlyList<PciDevice> onBus, List<string> reasons, CancellationToken cancellationToken)
    {
        var session = new NvmlSession(options.Probe, cancellationToken);
        _open.Add(session);
        if (session.Reason is not null && session.Loaded)
        {
            reasons.Add(session.Reason);
            if (options.DeviceIds.Count == 0 && onBus.Any(d => d.Driver == "nvidia"))
            {
                return null;
            }
        }

        var sources = new List<EnergySource>();
        foreach (NvmlDevice device in session.Devices)
        {
            if (options.DeviceIds.Count > 0 && !options.DeviceIds.Contains(device.Id(cancellationToken), StringComparer.OrdinalIgnoreCase))
            {
                continue;
            }

            Reading<double> energy = device.Energy(cancellationToken);
            Reading<double> power = energy.Ok ? default : device.Power(cancellationToken);
            if (energy.Ok)
            {
                sources.Add(new EnergySource($"GPU {device.Index} energy counter", EnergyScope.Device, NvmlUpdateSeconds, () => device.Energy()) { Instrument = "NVML energy counter" });
            }
            else if (power.Ok)
            {
                sources.Add(new EnergySource($"GPU {device.Index} power", EnergyScope.Device, NvmlUpdateSeconds, () => device.Power()) { Instrument = "NVML power, integrated", IsPower = true });
            }
            else
            {
                // A total without one of the devices would be a lie, so all are given up together.
                reasons.Add($"GPU {device.Index}: {energy.Reason}");
                return null;
            }
        }

        return sources;
    }
}
