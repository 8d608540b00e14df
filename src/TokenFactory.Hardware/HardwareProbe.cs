using TokenFactory.Hardware.Apple;
using TokenFactory.Hardware.Host;
using TokenFactory.Hardware.Npu;
using TokenFactory.Hardware.Nvidia;
using TokenFactory.Hardware.Probing;
using TokenFactory.Hardware.Windows;

namespace TokenFactory.Hardware;

/// <summary>Looks at this machine. Keep one open to sample again and again: it keeps the vendors' libraries loaded.</summary>
/// <remarks>
/// What a machine lacks is absent, never an error. Each device is read on a thread of its own with a timeout for every call into a
/// driver, so that one that hangs, is lost or refuses this user hides no other.
/// </remarks>
public sealed class HardwareProbe : IDisposable
{
    private readonly HardwareProbeOptions _options;
    private readonly FileTree _files;
    private readonly CounterPower _power = new();
    private readonly ProcessorLoad _load;
    private NvmlSession? _nvml;
    private BusAccelerators? _bus;

    /// <summary>Creates a probe; nothing is loaded before the first sample.</summary>
    /// <param name="options">How to look.</param>
    public HardwareProbe(HardwareProbeOptions? options = null)
    {
        _options = options ?? new HardwareProbeOptions();
        _files = new FileTree(_options.Root);
        _load = new ProcessorLoad(_files);
    }

    /// <summary>The devices of this machine now: the system, the processors, main memory, then accelerators.</summary>
    /// <param name="options">How to look.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    public static IReadOnlyList<HardwareDevice> GetDevices(HardwareProbeOptions? options = null, CancellationToken cancellationToken = default)
    {
        using var probe = new HardwareProbe(options);
        return probe.Sample(cancellationToken);
    }

    /// <summary>Reads every device once.</summary>
    /// <param name="cancellationToken">Stops it; a driver call that hangs is left behind.</param>
    public IReadOnlyList<HardwareDevice> Sample(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var devices = new List<HardwareDevice>();
        HostDevices host = HostDevices.Read(_files, _options);
        devices.AddRange(host.Devices.Where(d => _options.Wants(d.Kind)));
        if (_options.Wants(HardwareKind.Gpu) || _options.Wants(HardwareKind.Npu))
        {
            devices.AddRange(Accelerators(cancellationToken).Where(d => _options.Wants(d.Kind)));
        }

        return [.. devices.Select(d => _load.Complete(_power.Complete(d)))];
    }

    /// <summary>Samples until it is cancelled, one interval from start to start.</summary>
    /// <param name="interval">Time between samples.</param>
    /// <param name="cancellationToken">Ends it at once, between samples or inside one.</param>
    public IEnumerable<IReadOnlyList<HardwareDevice>> Watch(TimeSpan interval, CancellationToken cancellationToken)
    {
        long started = TimeProvider.System.GetTimestamp();
        for (long sample = 1; ; sample++)
        {
            yield return Sample(cancellationToken);
            TimeSpan wait = (interval * sample) - TimeProvider.System.GetElapsedTime(started);
            if (wait > TimeSpan.Zero && cancellationToken.WaitHandle.WaitOne(wait))
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Why NVIDIA's library gave no devices although it is there; null otherwise.</summary>
    internal string? NvidiaLibraryReason => _nvml is { Loaded: true } ? _nvml.Reason : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        _nvml?.Dispose();
        _bus?.Dispose();
    }

    private List<HardwareDevice> Accelerators(CancellationToken cancellationToken)
    {
        var xids = new XidLog(_files, _options.IsLive);
        _nvml ??= new NvmlSession(_options, cancellationToken);
        var devices = new List<HardwareDevice>(_nvml.Read(xids, cancellationToken));

        HashSet<string> known = [.. devices.Select(d => d.Accelerator?.Bus).OfType<string>()];
        if (_options.IsLive && OperatingSystem.IsWindows())
        {
            return [.. devices, .. WindowsAdapters.Read().Where(a => !devices.Any(d => d.Vendor == a.Vendor && d.Name == a.Name))];
        }

        if (_options.IsLive && OperatingSystem.IsMacOS())
        {
            return [.. devices, .. AppleHost.Gpus(Sysctl.Live)];
        }

        IReadOnlyList<PciDevice> bus = PciDevices.Accelerators(_files);
        devices.AddRange(bus.Where(d => d.VendorId == PciDevice.Nvidia && !known.Contains(d.Bus)).Select(d => BusDevice.Read(_files, d, xids, _nvml)));
        _bus ??= new BusAccelerators(_files, _options);
        devices.AddRange(_bus.Read(bus, cancellationToken));
        int gpu = 0;
        return [.. devices.Select(d => d with { Index = gpu++ }), .. NpuDevices.Read(_files, bus)];
    }
}
