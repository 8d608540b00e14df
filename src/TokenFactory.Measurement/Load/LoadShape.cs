namespace TokenFactory.Measurement.Load;

/// <summary>When requests are sent.</summary>
public abstract record LoadShape
{
    /// <summary>The shape in words, as the measurement's <c>Load</c> says it.</summary>
    public abstract string Describe();
}

/// <summary>A number of requests is kept in flight: when one ends, the next is sent (a closed loop).</summary>
/// <param name="Concurrency">Requests in flight, at least 1.</param>
public sealed record ConcurrencyLoad(int Concurrency) : LoadShape
{
    /// <inheritdoc/>
    public override string Describe() => FormattableString.Invariant($"concurrency {Concurrency}");
}

/// <summary>Users who each send a turn, read the answer, think, and send the next with all that was said before (a closed loop).</summary>
/// <param name="Sessions">Users at once, at least 1.</param>
/// <param name="Turns">Turns of a session; a new one begins after the last.</param>
/// <param name="ThinkTime">Time between an answer's end and the next turn.</param>
public sealed record SessionLoad(int Sessions, int Turns, TimeSpan ThinkTime) : LoadShape
{
    /// <inheritdoc/>
    public override string Describe() =>
        FormattableString.Invariant($"{Sessions} sessions of {Turns} turns, {ThinkTime.TotalSeconds:0.###} s apart");
}

/// <summary>Requests come at times of their own, whether earlier ones have ended or not (an open loop).</summary>
public abstract record ArrivalLoad : LoadShape
{
    /// <summary>Mean requests per second that it asks for; null when that changes.</summary>
    public abstract double? RatePerSecond { get; }

    /// <summary>The arrivals in order of time; may be endless.</summary>
    /// <param name="seed">The same seed gives the same times.</param>
    public abstract IEnumerable<Arrival> Arrivals(ulong seed);
}

/// <summary>A request's due time, with the shape of its prompt when a trace prescribes it.</summary>
/// <param name="Seconds">Seconds from the run's start.</param>
/// <param name="Entry">What the trace says of the request; null without one.</param>
public readonly record struct Arrival(double Seconds, TraceEntry? Entry = null);

/// <summary>One request of a recorded trace.</summary>
/// <param name="Seconds">Seconds from the trace's start.</param>
/// <param name="InputTokens">Input tokens.</param>
/// <param name="OutputTokens">Output tokens.</param>
/// <param name="Blocks">Ids of the prompt's blocks of <see cref="BlockTokens"/> tokens: equal ids are equal text. Empty when unknown.</param>
public sealed record TraceEntry(double Seconds, int InputTokens, int OutputTokens, IReadOnlyList<int> Blocks)
{
    /// <summary>Tokens of a prefix block in Mooncake's traces.</summary>
    public const int BlockTokens = 512;
}
