namespace TokenFactory.Measurement;

/// <summary>What is known of a run before its first request: the head of its records.</summary>
public sealed record RunDescription
{
    /// <summary>The model's name.</summary>
    public required string Model { get; init; }

    /// <summary>The execution provider, or the server's address without credentials and query.</summary>
    public string? Provider { get; init; }

    /// <summary><c>engine</c>, <c>chat</c> or <c>completions</c>.</summary>
    public required string Api { get; init; }

    /// <summary>The load's shape in words.</summary>
    public required string Load { get; init; }

    /// <summary>Requests kept in flight; null in an open loop.</summary>
    public int? Concurrency { get; init; }

    /// <summary>Requests per second that are asked for; null in a closed loop.</summary>
    public double? RequestedRate { get; init; }

    /// <summary>Which repeat it is, from 1.</summary>
    public int Repeat { get; init; } = 1;

    /// <summary>When the first measured request was sent.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>Accelerators of the target.</summary>
    public double Accelerators { get; init; } = 1;

    /// <summary>Weight precision in lower case; null when not known.</summary>
    public string? Precision { get; init; }

    /// <summary>True when the model's weights are random.</summary>
    public bool RandomWeights { get; init; }

    /// <summary>The file that holds the raw records; null when there is none.</summary>
    public string? RecordPath { get; init; }
}

/// <summary>What is known of a run only after its last request: the tail of its records.</summary>
public sealed record RunEnding
{
    /// <summary>False when it was stopped before its end.</summary>
    public bool Completed { get; init; } = true;

    /// <summary>Requests that were in flight when it was stopped.</summary>
    public long Unfinished { get; init; }

    /// <summary>Energy over the run, joules; null when not measured.</summary>
    public double? EnergyJoules { get; init; }

    /// <summary>What the joules cover.</summary>
    public string? EnergyScope { get; init; }

    /// <summary>Why there is no energy; null when there is.</summary>
    public string? EnergyUnavailable { get; init; }

    /// <summary>How late this side sent.</summary>
    public LatencySummary ClientLag { get; init; } = LatencySummary.Empty;

    /// <summary>How late this side read.</summary>
    public LatencySummary ReadingLag { get; init; } = LatencySummary.Empty;

    /// <summary>Why the client limited the run; null when it did not.</summary>
    public string? ClientLimit { get; init; }
}
