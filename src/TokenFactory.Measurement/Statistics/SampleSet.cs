using HdrHistogram;

namespace TokenFactory.Measurement.Statistics;

/// <summary>Collects durations in bounded memory and summarizes them.</summary>
/// <remarks>
/// Up to <see cref="ExactLimit"/> samples are kept, and percentiles interpolate linearly between the closest ranks (Hyndman and Fan, type 7,
/// what numpy's <c>percentile</c> does). Beyond that they go into a high-dynamic-range histogram of three significant digits, from 100 ns
/// to 24 h: a percentile is then the nearest rank's bucket, within 0.1 %. The mean is always exact. Not thread-safe.
/// </remarks>
public sealed class SampleSet
{
    /// <summary>Number of samples up to which percentiles are exact.</summary>
    public const int ExactLimit = 50_000;

    private const double UnitsPerSecond = 1e7;
    private const long HighestUnits = 24L * 3600 * 10_000_000;

    private List<double>? _exact = [];
    private LongHistogram? _histogram;
    private double _sum;
    private double _compensation;
    private double _minimum = double.PositiveInfinity;
    private double _maximum = double.NegativeInfinity;

    /// <summary>Number of samples.</summary>
    public long Count { get; private set; }

    /// <summary>Adds a duration.</summary>
    /// <param name="seconds">Seconds; a negative one counts as 0 and one of more than 24 h as 24 h in the percentiles of large sets.</param>
    public void Add(double seconds)
    {
        Count++;
        _minimum = Math.Min(_minimum, seconds);
        _maximum = Math.Max(_maximum, seconds);

        // Kahan's sum: a plain one over 10^8 gaps loses the digits that a small change shows in.
        double corrected = seconds - _compensation;
        double sum = _sum + corrected;
        _compensation = sum - _sum - corrected;
        _sum = sum;

        if (_histogram is not null)
        {
            _histogram.RecordValue(Units(seconds));
            return;
        }

        _exact!.Add(seconds);
        if (_exact.Count > ExactLimit)
        {
            _histogram = new LongHistogram(HighestUnits, 3);
            foreach (double sample in _exact)
            {
                _histogram.RecordValue(Units(sample));
            }

            _exact = null;
        }
    }

    /// <summary>The summary of what was added so far.</summary>
    public LatencySummary Summarize()
    {
        if (Count == 0)
        {
            return LatencySummary.Empty;
        }

        Func<double, double> quantile;
        string method;
        if (_exact is not null)
        {
            double[] sorted = [.. _exact];
            Array.Sort(sorted);
            quantile = p => Quantile(sorted, p);
            method = "exact, linear interpolation between closest ranks";
        }
        else
        {
            quantile = p => Math.Clamp(_histogram!.GetValueAtPercentile(p * 100) / UnitsPerSecond, _minimum, _maximum);
            method = "HdrHistogram, nearest rank, within 0.1 %";
        }

        return new LatencySummary
        {
            Mean = _sum / Count,
            Minimum = _minimum,
            P50 = quantile(0.5),
            P90 = quantile(0.9),
            P95 = quantile(0.95),
            P99 = quantile(0.99),
            Maximum = _maximum,
            Count = Count,
            Method = method,
        };
    }

    /// <summary>The value at a rank of sorted samples, interpolated linearly between the closest ones.</summary>
    /// <param name="sorted">The samples in ascending order, at least one.</param>
    /// <param name="probability">0 to 1.</param>
    public static double Quantile(ReadOnlySpan<double> sorted, double probability)
    {
        double rank = probability * (sorted.Length - 1);
        int below = (int)Math.Floor(rank);
        return below + 1 >= sorted.Length ? sorted[^1] : sorted[below] + ((rank - below) * (sorted[below + 1] - sorted[below]));
    }

    private static long Units(double seconds) => (long)Math.Clamp(Math.Round(seconds * UnitsPerSecond), 0, HighestUnits);
}
