namespace TokenFactory.Hardware.Probing;

/// <summary>Power of devices that only count energy, from two samples of one probe.</summary>
internal sealed class CounterPower
{
    // Two updates of the slowest counter.
    private const double LeastSeconds = 0.2;

    private readonly Dictionary<string, (double Joules, long At)> _last = new(StringComparer.Ordinal);

    public HardwareDevice Complete(HardwareDevice device)
    {
        if (device is not { PowerWatts: null, EnergyJoules: { } joules })
        {
            return device;
        }

        long now = TimeProvider.System.GetTimestamp();
        bool known = _last.TryGetValue(device.Id, out (double Joules, long At) before);
        double seconds = known ? TimeProvider.System.GetElapsedTime(before.At, now).TotalSeconds : 0;
        if (known && seconds < LeastSeconds)
        {
            return device;
        }

        _last[device.Id] = (joules, now);
        if (!known || joules <= before.Joules)
        {
            return device;
        }

        var reasons = new SortedDictionary<string, string>(device.Unavailable.ToDictionary(p => p.Key, p => p.Value), StringComparer.Ordinal);
        reasons.Remove(nameof(HardwareDevice.PowerWatts));
        return device with { PowerWatts = (joules - before.Joules) / seconds, Unavailable = reasons };
    }
}
