using System.Globalization;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Energy;

/// <summary>Joules of one instrument since it was opened: unwraps counters, adds up power, and remembers when the chain of readings broke.</summary>
internal sealed class EnergyAccumulator(EnergySource source, TimeProvider time)
{
    private readonly Lock _lock = new();
    private double? _last;
    private long _lastAt;
    private double _total;
    private int _samples;
    private int _faults;
    private string? _fault;

    public EnergySource Source => source;

    /// <summary>Reads the instrument and tells where the count stands.</summary>
    public EnergySnapshot Advance()
    {
        lock (_lock)
        {
            Reading<double> reading = source.Read();
            long now = time.GetTimestamp();
            double seconds = _last is null ? 0 : time.GetElapsedTime(_lastAt, now).TotalSeconds;
            if (!reading.Ok)
            {
                Break(reading.Reason!);
            }
            else if (!double.IsFinite(reading.Value) || reading.Value < 0 || (source.IsPower && reading.Value > source.MostWatts))
            {
                Break(string.Create(CultureInfo.InvariantCulture, $"{source.Name} reports {reading.Value:0.###}, which can't be"));
            }
            else
            {
                if (_last is { } last)
                {
                    Add(last, reading.Value, seconds);
                }

                _last = reading.Value;
                _samples++;
            }

            _lastAt = now;
            return new EnergySnapshot(_total, now, _samples, _faults, _fault);
        }
    }

    private void Add(double last, double value, double seconds)
    {
        if (source.IsPower)
        {
            _total += (last + value) / 2 * seconds;
            return;
        }

        double joules = value - last;
        bool back = joules < 0;
        if (back && source.WrapJoules is { } wrap)
        {
            joules += wrap;
        }

        // A counter that is renewed in steps may show a whole step in a very short time.
        if (joules < 0 || joules > source.MostWatts * (seconds + (2 * source.UpdateSeconds)))
        {
            _faults++;
            _fault = back ? $"{source.Name} was reset while it was measured" : $"{source.Name} jumped by more than any device can draw";
            return;
        }

        _total += joules;
    }

    private void Break(string reason)
    {
        _faults++;
        _fault = reason;
        _last = null;
    }
}

/// <summary>Where an instrument's count stands.</summary>
internal readonly record struct EnergySnapshot(double Joules, long At, int Samples, int Faults, string? Fault);
