using System.Globalization;

namespace TokenFactory.Measurement;

/// <summary>How a latency was distributed over the requests, or the gaps, that have one.</summary>
/// <remarks>All values are seconds. Failed requests are never in it. A value that no sample supports is null, never 0.</remarks>
public sealed record LatencySummary
{
    /// <summary>Arithmetic mean, exact, seconds.</summary>
    public double? Mean { get; init; }

    /// <summary>Smallest sample, seconds.</summary>
    public double? Minimum { get; init; }

    /// <summary>Median, seconds.</summary>
    public double? P50 { get; init; }

    /// <summary>90th percentile, seconds. Service levels are judged by it.</summary>
    public double? P90 { get; init; }

    /// <summary>95th percentile, seconds.</summary>
    public double? P95 { get; init; }

    /// <summary>99th percentile, seconds; see <see cref="P99Uncertain"/>.</summary>
    public double? P99 { get; init; }

    /// <summary>Largest sample, seconds.</summary>
    public double? Maximum { get; init; }

    /// <summary>Number of samples.</summary>
    public long Count { get; init; }

    /// <summary>How the percentiles were computed, with the error that the method may have.</summary>
    public string Method { get; init; } = "";

    /// <summary>True when fewer than 100 samples stand behind the 99th percentile: it is then little more than the largest one.</summary>
    public bool P99Uncertain => Count is > 0 and < 100;

    /// <summary>A summary of nothing.</summary>
    public static LatencySummary Empty { get; } = new() { Method = "no samples" };

    /// <summary>Median, P90 and P99 in milliseconds with the number of samples; an uncertain P99 is marked by a tilde.</summary>
    public override string ToString() => Count == 0
        ? "no samples"
        : string.Create(CultureInfo.InvariantCulture,
            $"P50 {P50 * 1000:0.###} ms, P90 {P90 * 1000:0.###} ms, P99 {(P99Uncertain ? "~" : "")}{P99 * 1000:0.###} ms (n = {Count})");
}
