using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Nvidia;

/// <summary>Driver errors (XID) that happen while a session is open: NVML tells them to any user, unlike the kernel's log.</summary>
internal sealed class NvmlEvents : IDisposable
{
    private const string LogReason = "errors from before this probe: ";

    private readonly NvmlApi _api;
    private readonly DriverWorker _worker;
    private readonly Dictionary<nint, List<int>> _errors = [];
    private readonly HashSet<nint> _registered = [];
    private Reading<nint>? _set;

    public NvmlEvents(NvmlApi api, IReadOnlyList<NvmlDevice> devices, TimeSpan timeout)
    {
        _api = api;
        _worker = new DriverWorker("NVML's event set", timeout);
        Devices = devices;
    }

    public bool Hung => _worker.Hung;

    private IReadOnlyList<NvmlDevice> Devices { get; }

    /// <summary>A reading with the errors that were seen since the session was opened.</summary>
    public HardwareDevice Add(NvmlDevice device, HardwareDevice reading, CancellationToken cancellationToken)
    {
        if (device.Handle == 0 || device.Hung || !Collect(cancellationToken) || !_registered.Contains(device.Handle))
        {
            return reading;
        }

        List<int> seen = _errors.GetValueOrDefault(device.Handle) ?? [];
        IReadOnlyList<int>? logged = reading.Accelerator!.XidErrors;
        if (logged is not null)
        {
            // The log has them too; only what it lost, as in a container, is new.
            return seen.All(logged.Contains) ? reading : reading with { Accelerator = reading.Accelerator with { XidErrors = [.. logged, .. seen.Where(x => !logged.Contains(x))] } };
        }

        var reasons = new SortedDictionary<string, string>(reading.Unavailable.ToDictionary(p => p.Key, p => p.Value), StringComparer.Ordinal);
        if (reasons.TryGetValue(nameof(AcceleratorDetails.XidErrors), out string? reason))
        {
            reasons[nameof(AcceleratorDetails.XidErrors)] = LogReason + reason;
        }

        return reading with { Accelerator = reading.Accelerator with { XidErrors = seen.Count > 0 ? [.. seen] : null }, Unavailable = reasons };
    }

    public void Dispose()
    {
        if (_set is { Ok: true } set && !_worker.Hung)
        {
            _worker.Call(() =>
            {
                _api.FreeEventSet(set.Value);
                return Reading<int>.Of(0);
            });
        }

        _worker.Dispose();
    }

    private bool Collect(CancellationToken cancellationToken)
    {
        _set ??= _worker.Call(_api.CreateEventSet, cancellationToken);
        if (_set is not { Ok: true } set)
        {
            return false;
        }

        return _worker.Call(() =>
        {
            foreach (NvmlDevice device in Devices.Where(d => d.Handle != 0 && !d.Hung && !_registered.Contains(d.Handle)))
            {
                if (_api.RegisterXid(device.Handle, set.Value).Ok)
                {
                    _registered.Add(device.Handle);
                }
            }

            const int MostEvents = 1000;
            for (int i = 0; i < MostEvents && _api.NextEvent(set.Value) is { Ok: true } next; i++)
            {
                if (!_errors.TryGetValue(next.Value.Device, out List<int>? codes))
                {
                    _errors[next.Value.Device] = codes = [];
                }

                codes.Add((int)Math.Min(next.Value.Data, int.MaxValue));
            }

            return Reading<int>.Of(0);
        }, cancellationToken).Ok;
    }
}
