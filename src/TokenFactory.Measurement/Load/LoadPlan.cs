using TokenFactory.Hardware.Energy;

namespace TokenFactory.Measurement.Load;

/// <summary>What a run sends, when, and until when.</summary>
public sealed record LoadPlan
{
    /// <summary>When requests are sent.</summary>
    public required LoadShape Shape { get; init; }

    /// <summary>What they say.</summary>
    public required Prompts.IPromptSource Prompts { get; init; }

    /// <summary>Measured requests, failures included; null when time alone ends the run.</summary>
    public long? Requests { get; init; }

    /// <summary>Time after which no measured request is sent any more; null when the number alone ends the run.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Requests before the measured ones; all have ended before the first of those is sent.</summary>
    public int WarmupRequests { get; init; }

    /// <summary>
    /// True to go on with the warm-up until the runtime's compiler is quiet, at most 4 seconds; it ends with the first request that fails. No effect without
    /// warm-up requests.
    /// </summary>
    public bool WarmUpUntilCompiled { get; init; }

    /// <summary>True to keep the load up with requests that are not measured until the last measured one has ended.</summary>
    public bool CoolDown { get; init; }

    /// <summary>Longest time a request may take before it fails.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Most requests in flight of an open loop; those beyond wait, and the run says that the client limited it.</summary>
    public int MaximumInFlight { get; init; } = 20_000;

    /// <summary>Seed of arrivals and prompts.</summary>
    public ulong Seed { get; init; }

    /// <summary>Which repeat it is, from 1.</summary>
    public int Repeat { get; init; } = 1;

    /// <summary>Service levels that requests are judged by; empty for none.</summary>
    public IReadOnlyList<ServiceTarget> ServiceTargets { get; init; } = [];

    /// <summary>Gets every measured request's record; null for none.</summary>
    public Records.RecordWriter? Records { get; init; }

    /// <summary>Measures energy over the run; null when nothing can.</summary>
    public IEnergyMeter? Energy { get; init; }

    /// <summary>Why there is no meter; null when there is one.</summary>
    public string? EnergyUnavailable { get; init; }
}

/// <summary>A tier's service levels.</summary>
/// <param name="Tier">The tier's name.</param>
/// <param name="TtftSeconds">Longest TTFT, seconds; null is no promise.</param>
/// <param name="Interactivity">Slowest interactivity, tokens/s per user; null is no promise.</param>
public sealed record ServiceTarget(string Tier, double? TtftSeconds, double? Interactivity);

/// <summary>How far a run is.</summary>
/// <param name="Activity">What is going on: warm-up, measuring.</param>
/// <param name="Ended">Requests that ended.</param>
/// <param name="Failed">Of them, those that failed.</param>
/// <param name="Planned">Requests to come to in total; null when time ends the run.</param>
/// <param name="Fraction">0 to 1.</param>
/// <param name="OutputTokensPerSecond">Output tokens/s so far.</param>
/// <param name="Elapsed">Time since the first request.</param>
public sealed record LoadProgress(
    string Activity, long Ended, long Failed, long? Planned, double Fraction, double OutputTokensPerSecond, TimeSpan Elapsed);
