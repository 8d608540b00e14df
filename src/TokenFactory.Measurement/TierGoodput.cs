using System.Globalization;

namespace TokenFactory.Measurement;

/// <summary>How much of a run met one tier's service levels.</summary>
/// <remarks>
/// A request meets them when it succeeded, its TTFT is at most the tier's, and 1 / TPOT is at least the tier's interactivity; a level
/// that the tier does not promise is met by all, and a request of one output token, which has no TPOT, can't miss the interactivity.
/// Failed requests count as not met.
/// </remarks>
public sealed record TierGoodput
{
    /// <summary>The tier's name, or <c>service</c> for levels given on the command line.</summary>
    public required string Tier { get; init; }

    /// <summary>Longest TTFT that it promises, seconds; null is no promise.</summary>
    public double? TtftLimitSeconds { get; init; }

    /// <summary>Slowest interactivity that it promises, tokens/s per user; null is no promise.</summary>
    public double? InteractivityLimit { get; init; }

    /// <summary>Requests that met every level.</summary>
    public long Met { get; init; }

    /// <summary>All measured requests, failures included.</summary>
    public long Requests { get; init; }

    /// <summary>Met / requests; null when there were none.</summary>
    public double? Ratio => Requests == 0 ? null : (double)Met / Requests;

    /// <summary>Output tokens/s of the requests that met every level, over the whole run; null when the run has no duration.</summary>
    public double? OutputTokensPerSecond { get; init; }

    /// <summary>True when at least 90 % of all requests met every level, which is what a P90 promise means.</summary>
    public bool Holds => Requests > 0 && Met >= 0.9 * Requests;

    /// <summary>The tier with the share of requests that met its levels.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Tier}: {Met}/{Requests}");
}
