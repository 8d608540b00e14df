using System.Globalization;

namespace TokenFactory.Hardware.Energy;

/// <summary>Energy of this machine's processor or accelerators.</summary>
/// <remarks>
/// Counters are preferred to power added up over time (the trapezoidal rule over samples 50 ms apart). A background timer reads
/// counters often enough that a wrap is never missed. A window shorter than two updates of an instrument has no joules but a reason,
/// as has one in which a counter was reset, or did not move.
/// </remarks>
public sealed class EnergyMeter : IEnergyMeter
{
    private const int CounterPollMilliseconds = 500;
    private const int PowerPollMilliseconds = 50;

    private readonly IReadOnlyList<EnergyAccumulator> _accumulators;
    private readonly IDisposable? _owned;
    private readonly TimeProvider _time;
    private readonly double? _declaredWatts;
    private readonly Timer? _timer;
    private int _polling;

    internal EnergyMeter(IReadOnlyList<EnergySource> sources, string? reason, TimeProvider time, double? declaredWatts, IDisposable? owned, bool poll)
    {
        _time = time;
        _owned = owned;
        _accumulators = [.. sources.Select(s => new EnergyAccumulator(s, time))];
        if (sources.Count > 0)
        {
            Scope = sources[0].Scope;
            Source = string.Join(" + ", sources.Select(s => s.Instrument).Distinct(StringComparer.Ordinal));
        }
        else if (declaredWatts is { } watts)
        {
            _declaredWatts = watts;
            Scope = EnergyScope.Declared;
            Source = string.Create(CultureInfo.InvariantCulture, $"declared {watts:0.###} W");
        }
        else
        {
            Reason = reason ?? "this machine shows no energy counter and no power sensor";
        }

        if (poll && sources.Count > 0)
        {
            int interval = sources.Any(s => s.IsPower) ? PowerPollMilliseconds : CounterPollMilliseconds;
            _timer = new Timer(_ => Poll(), null, interval, interval);
        }
    }

    /// <inheritdoc/>
    public EnergyScope? Scope { get; }

    /// <inheritdoc/>
    public string? Source { get; }

    /// <inheritdoc/>
    public string? Reason { get; }

    /// <summary>Finds the instruments. Never throws for what a machine lacks: <see cref="Reason"/> tells.</summary>
    /// <param name="options">What to meter; the default is accelerators, else the processor.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    public static EnergyMeter Open(EnergyMeterOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new EnergyMeterOptions();
        EnergySources found = EnergySources.Find(options, cancellationToken);
        return new EnergyMeter(found.Sources, found.Reason, TimeProvider.System, options.DeclaredWatts, found, poll: true);
    }

    /// <inheritdoc/>
    public IEnergySpan Start() => new Span(this);

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer?.Dispose();
        _owned?.Dispose();
    }

    private void Poll()
    {
        if (Interlocked.Exchange(ref _polling, 1) == 1)
        {
            return;
        }

        foreach (EnergyAccumulator accumulator in _accumulators)
        {
            accumulator.Advance();
        }

        Volatile.Write(ref _polling, 0);
    }

    private sealed class Span : IEnergySpan
    {
        private readonly EnergyMeter _meter;
        private readonly long _startedAt;
        private readonly EnergySnapshot[] _starts;

        public Span(EnergyMeter meter)
        {
            _meter = meter;
            _starts = [.. meter._accumulators.Select(a => a.Advance())];
            _startedAt = meter._time.GetTimestamp();
        }

        public EnergyReading Stop()
        {
            double seconds = _meter._time.GetElapsedTime(_startedAt).TotalSeconds;
            if (_meter._declaredWatts is { } watts)
            {
                return seconds > 0
                    ? new EnergyReading(watts * seconds, seconds, EnergyScope.Declared, _meter.Source, null)
                    : new EnergyReading(null, seconds, EnergyScope.Declared, _meter.Source, "the window has no length");
            }

            if (_starts.Length == 0)
            {
                return new EnergyReading(null, seconds, null, null, _meter.Reason);
            }

            var parts = new List<EnergyPart>(_starts.Length);
            double total = 0;
            string? reason = null;
            for (int i = 0; i < _starts.Length; i++)
            {
                EnergyPart part = Part(_meter._accumulators[i], _starts[i], seconds);
                parts.Add(part);
                total += part.Joules ?? 0;
                reason ??= part.Reason;
            }

            return new EnergyReading(reason is null ? total : null, seconds, _meter.Scope, _meter.Source, reason) { Parts = parts };
        }

        private static EnergyPart Part(EnergyAccumulator accumulator, EnergySnapshot start, double seconds)
        {
            EnergySource source = accumulator.Source;
            if (seconds < 2 * source.UpdateSeconds)
            {
                return new EnergyPart(source.Name, null, string.Create(CultureInfo.InvariantCulture,
                    $"the window of {seconds * 1e3:0.##} ms is shorter than two updates of {source.Name} ({source.UpdateSeconds * 1e3:0.##} ms each)"));
            }

            EnergySnapshot end = accumulator.Advance();
            double joules = end.Joules - start.Joules;
            string? reason = end.Faults != start.Faults || start.Samples == 0 ? end.Fault
                : end.Samples - start.Samples < 1 ? $"{source.Name} gave fewer than two readings"
                : joules <= 0 ? $"{source.Name} did not move"
                : null;
            return new EnergyPart(source.Name, reason is null ? joules : null, reason);
        }
    }
}
