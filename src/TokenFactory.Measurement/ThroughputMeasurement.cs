using TokenFactory.Core;

namespace TokenFactory.Measurement;

/// <summary>What one run of load against one target gave.</summary>
/// <remarks>
/// Every figure is computed from timestamps taken where the target's output enters this process. Rates are over
/// <see cref="DurationSeconds"/>: from the sending of the first measured request to the end of the last. Warm-up and cool-down requests
/// are in none of the figures. What could not be measured is null, with the reason in <see cref="Unavailable"/>.
/// </remarks>
public sealed record ThroughputMeasurement
{
    /// <summary>The model's name, as the server or the folder has it.</summary>
    public required string Model { get; init; }

    /// <summary>The execution provider of a local engine, or the server's address without credentials and query.</summary>
    public string? Provider { get; init; }

    /// <summary>How it was driven: <c>engine</c>, <c>chat</c> or <c>completions</c>.</summary>
    public required string Api { get; init; }

    /// <summary>The load's shape in words.</summary>
    public required string Load { get; init; }

    /// <summary>Requests kept in flight; null when requests arrive at times of their own.</summary>
    public int? Concurrency { get; init; }

    /// <summary>True on the runs at the knee of a sweep. It is known, and set, only when the sweep has ended.</summary>
    public bool IsKnee { get; internal set; }

    /// <summary>Which repeat of the same run it is, from 1.</summary>
    public int Repeat { get; init; } = 1;

    /// <summary>When the first measured request was sent.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>Seconds from the sending of the first measured request to the end of the last.</summary>
    public double? DurationSeconds { get; init; }

    /// <summary>False when it was stopped before its end.</summary>
    public bool Completed { get; init; } = true;

    /// <summary>Measured requests that ended, failures included.</summary>
    public long Requests { get; init; }

    /// <summary>Of them, those that failed.</summary>
    public long Failed { get; init; }

    /// <summary>The number of failures by reason.</summary>
    public IReadOnlyDictionary<string, long> Failures { get; init; } = new Dictionary<string, long>();

    /// <summary>One message of each reason, as the server or the system put it.</summary>
    public IReadOnlyDictionary<string, string> FailureExamples { get; init; } = new Dictionary<string, string>();

    /// <summary>Requests that were in flight when the run was stopped; they are in no other figure.</summary>
    public long Unfinished { get; init; }

    /// <summary>Mean input tokens of the requests that succeeded.</summary>
    public double? InputTokens { get; init; }

    /// <summary>Mean input tokens that the target did not compute again; null when it does not say.</summary>
    public double? CachedTokens { get; init; }

    /// <summary>Mean output tokens of the requests that succeeded, by <see cref="TokenCount"/>.</summary>
    public double? OutputTokens { get; init; }

    /// <summary>Mean output tokens by this side's own count: with a tokenizer its tokens, else the fragments that came.</summary>
    public double? ClientOutputTokens { get; init; }

    /// <summary>Who counted the output tokens: <c>engine</c>, <c>server usage</c>, <c>tokenizer</c> or <c>fragments</c>, or several.</summary>
    public string? TokenCount { get; init; }

    /// <summary>Output tokens/s of the requests that succeeded, over the whole run.</summary>
    public double? OutputTokensPerSecond { get; init; }

    /// <summary>Input and output tokens/s of the requests that succeeded, over the whole run.</summary>
    public double? TotalTokensPerSecond { get; init; }

    /// <summary>Output tokens/s in the steady window: from the end of the first request to the sending of the last.</summary>
    public double? SteadyOutputTokensPerSecond { get; init; }

    /// <summary>Length of the steady window, seconds.</summary>
    public double? SteadySeconds { get; init; }

    /// <summary>Requests that succeeded per second, over the whole run.</summary>
    public double? RequestsPerSecond { get; init; }

    /// <summary>Tokens/s per user: 1 / the median TPOT.</summary>
    public double? Interactivity { get; init; }

    /// <summary>Time to the first non-empty fragment.</summary>
    public LatencySummary TtftSeconds { get; init; } = LatencySummary.Empty;

    /// <summary>(last fragment − first fragment) / (output tokens − 1) of each request.</summary>
    public LatencySummary TpotSeconds { get; init; } = LatencySummary.Empty;

    /// <summary>Gaps between successive fragments, pooled over the requests.</summary>
    public LatencySummary ItlSeconds { get; init; } = LatencySummary.Empty;

    /// <summary>From the sending of a request to the end of its stream.</summary>
    public LatencySummary E2eSeconds { get; init; } = LatencySummary.Empty;

    /// <summary>Output tokens/s of the requests that met every service level that it was judged by: with several tiers those of all of them; null with none.</summary>
    public double? Goodput { get; init; }

    /// <summary>Share of all requests, failures included, that met them.</summary>
    public double? GoodputRatio { get; init; }

    /// <summary>Goodput against each tier that promises something.</summary>
    public IReadOnlyList<TierGoodput> GoodputByTier { get; init => field = value.ToIndexable(); } = [];

    /// <summary>Energy over the run, joules, in <see cref="EnergyScope"/>.</summary>
    public double? EnergyJoules { get; init; }

    /// <summary>Joules per output token: the run's energy / the output tokens of the requests that succeeded.</summary>
    public double? JoulesPerToken { get; init; }

    /// <summary>What the joules cover: <c>device</c>, <c>package</c>, <c>module</c>, <c>system</c>, <c>declared</c>; null when there are none.</summary>
    public string? EnergyScope { get; init; }

    /// <summary>Money per million output tokens over the tiers that could be priced: their cost / their output tokens; null with none.</summary>
    public double? CostPerMillionOutputTokens { get; init; }

    /// <summary>Currency of the money.</summary>
    public string? Currency { get; init; }

    /// <summary>Cost in each tier of the factory definition.</summary>
    public IReadOnlyList<TierCost> CostByTier { get; init => field = value.ToIndexable(); } = [];

    /// <summary>Requests per second that were asked for; null when requests are kept in flight instead.</summary>
    public double? RequestedRate { get; init; }

    /// <summary>Requests per second that were sent.</summary>
    public double? AchievedRate { get; init; }

    /// <summary>How late this side sent: sent − due, of every request of an open loop. Empty in a closed loop, where nothing is due.</summary>
    public LatencySummary ClientLagSeconds { get; init; } = LatencySummary.Empty;

    /// <summary>How late this side read: how long bytes that had come waited until they were read, a hundred times a second.</summary>
    public LatencySummary ReadingLagSeconds { get; init; } = LatencySummary.Empty;

    /// <summary>Why the client and not the target limited this run; null when it did not.</summary>
    public string? ClientLimit { get; init; }

    /// <summary>True when the client and not the target limited this run: its figures then say little about the target.</summary>
    public bool ClientLimited => ClientLimit is not null;

    /// <summary>True when the model's weights are random: its speed counts, its text does not.</summary>
    public bool RandomWeights { get; init; }

    /// <summary>Accelerators that the target has; rates per accelerator divide by it.</summary>
    public double Accelerators { get; init; } = 1;

    /// <summary>Weight precision in lower case; null when not known.</summary>
    public string? Precision { get; init; }

    /// <summary>The file that holds the raw records; null when there is none.</summary>
    public string? RecordPath { get; init; }

    /// <summary>What could not be measured, by property name, with the reason.</summary>
    public IReadOnlyDictionary<string, string> Unavailable { get; init; } = new Dictionary<string, string>();

    /// <summary>Always measured.</summary>
    public FigureSource Source { get; init; } = FigureSource.Measured;

    /// <summary>The run as an operating point: P90 interactivity and TTFT, throughput per accelerator; null when nothing succeeded.</summary>
    public OperatingPoint? OperatingPoint => OutputTokensPerSecond is not { } throughput
        ? null
        : new OperatingPoint
        {
            Model = Model,
            Precision = Precision,
            Batch = Concurrency,
            Interactivity = TpotSeconds.P90 is > 0 and { } tpot ? 1 / tpot : null,
            OutputTokensPerSecondPerAccelerator = throughput / Accelerators,
            TtftSeconds = TtftSeconds.P90,
            CostPerMillionOutputTokens = CostPerMillionOutputTokens,
            Source = FigureSource.Measured,
            SourceDetail = FormattableString.Invariant($"{Requests} requests, {Load}, {StartedAt:yyyy-MM-dd HH:mm}Z"),
        };
}
