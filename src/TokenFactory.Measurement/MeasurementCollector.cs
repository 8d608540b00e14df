using System.Diagnostics;
using TokenFactory.Measurement.Load;
using TokenFactory.Measurement.Statistics;

namespace TokenFactory.Measurement;

/// <summary>Turns the traces of a run's requests into its measurement, in memory that does not grow with the run.</summary>
/// <remarks>Thread-safe. The same code computes a live run and one that is read back from its records, so both give the same figures.</remarks>
public sealed class MeasurementCollector
{
    private const int MostFailureKinds = 64;

    private readonly Lock _lock = new();
    private readonly long _origin;
    private readonly SampleSet _ttft = new();
    private readonly SampleSet _tpot = new();
    private readonly SampleSet _itl = new();
    private readonly SampleSet _e2e = new();
    private readonly TokenTimeline _timeline = new();
    private readonly Dictionary<string, long> _failures = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _examples = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _counters = new(StringComparer.Ordinal);
    private readonly (ServiceTarget Target, long Met, double Tokens)[] _tiers;

    private (long Met, double Tokens) _all;
    private long _requests;
    private long _failed;
    private long _inputTokens;
    private long _inputKnown;
    private long _cachedTokens;
    private long _cachedKnown;
    private long _outputTokens;
    private long _clientTokens;
    private long _firstSent = long.MaxValue;
    private long _lastSent = long.MinValue;
    private long _firstEnd = long.MaxValue;
    private long _lastEnd = long.MinValue;

    /// <summary>Creates a collector.</summary>
    /// <param name="originTimestamp">The run's start in <see cref="Stopwatch"/> ticks; no request may be sent before it.</param>
    /// <param name="serviceTargets">Service levels to judge requests by.</param>
    public MeasurementCollector(long originTimestamp, IEnumerable<ServiceTarget> serviceTargets)
    {
        _origin = originTimestamp;
        _tiers = [.. serviceTargets.Where(t => t.TtftSeconds is not null || t.Interactivity is not null).Select(t => (t, 0L, 0.0))];
    }

    /// <summary>Requests that ended so far.</summary>
    public long Requests => Volatile.Read(ref _requests);

    /// <summary>Of them, those that failed.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Output tokens of those that succeeded.</summary>
    public long OutputTokens => Volatile.Read(ref _outputTokens);

    /// <summary>Adds a request that ended. The trace may be reused after it.</summary>
    /// <param name="trace">The trace, sent and ended.</param>
    public void Add(RequestTrace trace)
    {
        lock (_lock)
        {
            _requests++;
            _firstSent = Math.Min(_firstSent, trace.SentTimestamp);
            _lastSent = Math.Max(_lastSent, trace.SentTimestamp);
            _firstEnd = Math.Min(_firstEnd, trace.EndTimestamp);
            _lastEnd = Math.Max(_lastEnd, trace.EndTimestamp);
            if (trace.Failure is { } failure)
            {
                _failed++;

                // A server that invents a status a request must not fill the memory.
                string key = _failures.Count < MostFailureKinds || _failures.ContainsKey(failure.Key) ? failure.Key : "Other";
                _failures[key] = _failures.GetValueOrDefault(key) + 1;
                _examples.TryAdd(key, failure.Message);
                return;
            }

            AddSuccess(trace);
        }
    }

    private void AddSuccess(RequestTrace trace)
    {
        int output = trace.EffectiveOutputTokens;
        _counters.Add(trace.OutputTokens is not null ? "server usage" : trace.ClientTokens is not null ? "tokenizer" : "fragments");
        _outputTokens += output;
        _clientTokens += trace.ClientTokens ?? trace.FragmentCount;
        if (trace.InputTokens is { } input)
        {
            _inputTokens += input;
            _inputKnown++;
        }

        if (trace.CachedTokens is { } cached)
        {
            _cachedTokens += cached;
            _cachedKnown++;
        }

        double? ttft = trace.TtftSeconds;
        double? tpot = trace.TpotSeconds;
        if (ttft is { } first)
        {
            _ttft.Add(first);
        }

        if (tpot is { } per)
        {
            _tpot.Add(per);
        }

        _e2e.Add(trace.E2eSeconds);
        ReadOnlySpan<long> fragments = trace.Fragments;
        double tokensPerFragment = fragments.Length == 0 ? 0 : (double)output / fragments.Length;
        for (int i = 0; i < fragments.Length; i++)
        {
            _timeline.Add(Seconds(_origin, fragments[i]), tokensPerFragment);
            if (i > 0)
            {
                _itl.Add(Seconds(fragments[i - 1], fragments[i]));
            }
        }

        bool all = true;
        for (int i = 0; i < _tiers.Length; i++)
        {
            ServiceTarget target = _tiers[i].Target;
            bool fast = target.TtftSeconds is not { } most || ttft <= most;
            bool smooth = target.Interactivity is not { } least || tpot is not { } t || 1 / t >= least;
            if (fast && smooth)
            {
                _tiers[i].Met++;
                _tiers[i].Tokens += output;
            }

            all &= fast && smooth;
        }

        if (all)
        {
            _all = (_all.Met + 1, _all.Tokens + output);
        }
    }

    /// <summary>The measurement of what was added so far.</summary>
    /// <param name="run">What is known of the run.</param>
    /// <param name="ending">How it ended.</param>
    public ThroughputMeasurement Build(RunDescription run, RunEnding ending)
    {
        lock (_lock)
        {
            Dictionary<string, string> unavailable = new(StringComparer.Ordinal);
            long succeeded = _requests - _failed;
            double? duration = _requests > 0 && _lastEnd > _firstSent ? Seconds(_firstSent, _lastEnd) : null;
            double? rateOver = succeeded > 0 ? duration : null;
            string nothing = _requests == 0 ? "No request ended." : "Every request failed; see Failures.";
            if (rateOver is null)
            {
                unavailable[nameof(ThroughputMeasurement.OutputTokensPerSecond)] = nothing;
            }

            double? mean(long sum, long known, string name, string why)
            {
                if (known == 0)
                {
                    unavailable[name] = succeeded == 0 ? nothing : why;
                    return null;
                }

                return (double)sum / known;
            }

            LatencySummary tpot = _tpot.Summarize();
            if (tpot.Count == 0)
            {
                unavailable[nameof(ThroughputMeasurement.Interactivity)] = succeeded == 0 ? nothing : "No request had two output tokens in fragments of their own.";
            }

            (double? steady, double? steadySeconds) = Steady(unavailable, succeeded, nothing);
            TierGoodput[] goodput = [.. _tiers.Select(t => new TierGoodput
            {
                Tier = t.Target.Tier,
                TtftLimitSeconds = t.Target.TtftSeconds,
                InteractivityLimit = t.Target.Interactivity,
                Met = t.Met,
                Requests = _requests,
                OutputTokensPerSecond = duration is { } d ? t.Tokens / d : null,
            })];
            if (goodput.Length == 0)
            {
                unavailable[nameof(ThroughputMeasurement.Goodput)] = "No service level was given: name a factory definition whose tiers have one.";
            }

            double? joulesPerToken = ending.EnergyJoules is { } joules && _outputTokens > 0 ? joules / _outputTokens : null;
            if (joulesPerToken is null)
            {
                unavailable[nameof(ThroughputMeasurement.JoulesPerToken)] =
                    ending.EnergyUnavailable ?? (ending.EnergyJoules is null ? "No energy meter was asked for." : nothing);
            }

            if (run.Concurrency is not null && ending.ClientLag.Count == 0)
            {
                unavailable[nameof(ThroughputMeasurement.ClientLagSeconds)] = "In a closed loop no request is due at a time; see ReadingLagSeconds.";
            }

            return new ThroughputMeasurement
            {
                Model = run.Model,
                Provider = run.Provider,
                Api = run.Api,
                Load = run.Load,
                Concurrency = run.Concurrency,
                Repeat = run.Repeat,
                StartedAt = run.StartedAt,
                DurationSeconds = duration,
                Completed = ending.Completed,
                Requests = _requests,
                Failed = _failed,
                Failures = new SortedDictionary<string, long>(_failures, StringComparer.Ordinal),
                FailureExamples = new SortedDictionary<string, string>(_examples, StringComparer.Ordinal),
                Unfinished = ending.Unfinished,
                InputTokens = mean(_inputTokens, _inputKnown, nameof(ThroughputMeasurement.InputTokens), "The server reported no usage."),
                CachedTokens = mean(_cachedTokens, _cachedKnown, nameof(ThroughputMeasurement.CachedTokens), "The server does not report cached tokens."),
                OutputTokens = succeeded > 0 ? (double)_outputTokens / succeeded : null,
                ClientOutputTokens = succeeded > 0 ? (double)_clientTokens / succeeded : null,
                TokenCount = succeeded == 0 ? null : run.Api == "engine" ? "engine" : string.Join(", ", _counters),
                OutputTokensPerSecond = _outputTokens / rateOver,
                TotalTokensPerSecond = Total(unavailable, rateOver, succeeded, nothing),
                SteadyOutputTokensPerSecond = steady,
                SteadySeconds = steadySeconds,
                RequestsPerSecond = succeeded / rateOver,
                Interactivity = tpot.P50 is > 0 and { } median ? 1 / median : null,
                TtftSeconds = _ttft.Summarize(),
                TpotSeconds = tpot,
                ItlSeconds = _itl.Summarize(),
                E2eSeconds = _e2e.Summarize(),
                Goodput = goodput.Length > 0 && duration is { } over ? _all.Tokens / over : null,
                GoodputRatio = goodput.Length > 0 && _requests > 0 ? (double)_all.Met / _requests : null,
                GoodputByTier = goodput,
                EnergyJoules = ending.EnergyJoules,
                JoulesPerToken = joulesPerToken,
                EnergyScope = ending.EnergyScope,
                RequestedRate = run.RequestedRate,
                AchievedRate = _requests > 1 && _lastSent > _firstSent ? (_requests - 1) / Seconds(_firstSent, _lastSent) : null,
                ClientLagSeconds = ending.ClientLag,
                ReadingLagSeconds = ending.ReadingLag,
                ClientLimit = ending.ClientLimit,
                RandomWeights = run.RandomWeights,
                Accelerators = run.Accelerators,
                Precision = run.Precision,
                RecordPath = run.RecordPath,
                Unavailable = unavailable,
            };
        }
    }

    private double? Total(Dictionary<string, string> unavailable, double? duration, long succeeded, string nothing)
    {
        if (duration is null || _inputKnown < succeeded)
        {
            unavailable[nameof(ThroughputMeasurement.TotalTokensPerSecond)] =
                succeeded == 0 ? nothing : "The server did not report every request's input tokens.";
            return null;
        }

        return (_inputTokens + _outputTokens) / duration;
    }

    private (double? Rate, double? Seconds) Steady(Dictionary<string, string> unavailable, long succeeded, string nothing)
    {
        if (succeeded == 0 || _lastSent <= _firstEnd)
        {
            unavailable[nameof(ThroughputMeasurement.SteadyOutputTokensPerSecond)] = succeeded == 0
                ? nothing
                : "No request was sent after the first had ended: ask for more requests than are in flight at once.";
            return (null, null);
        }

        double from = Seconds(_origin, _firstEnd);
        double to = Seconds(_origin, _lastSent);
        return (_timeline.Between(from, to) / (to - from), to - from);
    }

    private static double Seconds(long from, long to) => (double)(to - from) / Stopwatch.Frequency;
}
