using System.Globalization;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Nvidia;

/// <summary>An open NVML: its devices, each with a thread of its own so that one that hangs hides no other.</summary>
internal sealed class NvmlSession : IDisposable
{
    private readonly NvmlApi? _api;
    private readonly DriverWorker _worker;
    private readonly List<NvmlDevice> _devices = [];
    private readonly bool _initialised;
    private readonly NvmlEvents? _events;

    public NvmlSession(HardwareProbeOptions options, CancellationToken cancellationToken)
    {
        _worker = new DriverWorker("NVML", options.Timeout);
        Reading<NativeTable?> loaded = _worker.Call(() => Reading<NativeTable?>.Of(NvmlApi.Load(options)), cancellationToken);
        if (loaded.Value is not { } table)
        {
            Reason = loaded.Reason ?? "the NVIDIA driver's library NVML is not installed";
            return;
        }

        NvmlApi api = _api = new NvmlApi(table);
        Reading<int> initialised = _worker.Call(() => api.Init() is var status && status == NvmlStatus.Success
            ? Reading<int>.Of(status)
            : Reading<int>.None(NvmlStatus.Reason(status)), cancellationToken);
        Loaded = true;
        if (!initialised.Ok)
        {
            Reason = initialised.Reason;
            return;
        }

        _initialised = true;
        DriverVersion = _worker.Call(() => api.SystemText("nvmlSystemGetDriverVersion"), cancellationToken);
        LibraryVersion = _worker.Call(() => api.SystemText("nvmlSystemGetNVMLVersion"), cancellationToken);
        CudaVersion = _worker.Call(() => api.SystemInt("nvmlSystemGetCudaDriverVersion_v2"), cancellationToken)
            .Select(v => string.Create(CultureInfo.InvariantCulture, $"{v / 1000}.{v % 1000 / 10}"));
        Reading<int> count = _worker.Call(() => api.SystemInt("nvmlDeviceGetCount_v2"), cancellationToken);
        Reason = count.Reason;
        for (uint i = 0; count.Ok && i < Math.Clamp(count.Value, 0, 1024); i++)
        {
            _devices.Add(new NvmlDevice(api, i, options.Timeout));
        }

        _events = new NvmlEvents(api, _devices, options.Timeout);
    }

    /// <summary>Why there are no devices; null when NVML answered.</summary>
    public string? Reason { get; }

    /// <summary>True when the library is there, whether it works or not.</summary>
    public bool Loaded { get; }

    /// <summary>True when the library did not answer.</summary>
    public bool Hung => _worker.Hung;

    public Reading<string> DriverVersion { get; } = Reading<string>.None("NVML did not start");

    public Reading<string> LibraryVersion { get; } = Reading<string>.None("NVML did not start");

    public Reading<string> CudaVersion { get; } = Reading<string>.None("NVML did not start");

    public IReadOnlyList<NvmlDevice> Devices => _devices;

    /// <summary>Reads all devices at once; a device that hangs comes back as not responding after one timeout.</summary>
    public IReadOnlyList<HardwareDevice> Read(XidLog xids, CancellationToken cancellationToken)
    {
        var reads = _devices.Select(d => Task.Factory.StartNew(
            () => d.Read(this, xids, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        try
        {
            // Each read sees the cancellation itself, and marks a driver that it leaves behind; the end must not come before that.
            Task.WaitAll(reads, CancellationToken.None);
        }
        catch (AggregateException e) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The probe was cancelled.", e, cancellationToken);
        }

        return [.. _devices.Zip(reads, (device, read) => _events?.Add(device, read.Result, cancellationToken) ?? read.Result)];
    }

    public void Dispose()
    {
        foreach (NvmlDevice device in _devices)
        {
            device.Dispose();
        }

        _events?.Dispose();

        // Shutting down under a call that hangs could take the process with it.
        if (_initialised && !_worker.Hung && _events?.Hung != true && !_devices.Any(d => d.Hung))
        {
            _worker.Call(() =>
            {
                _api!.Shutdown();
                return Reading<int>.Of(0);
            });
        }

        _worker.Dispose();
    }
}
