using TokenFactory.Measurement.Statistics;

namespace TokenFactory.Measurement.Baselines;

/// <summary>How a run is compared with its baseline.</summary>
public sealed record ComparisonOptions
{
    /// <summary>Chance that a comparison of two equal runs says better or worse of any figure.</summary>
    public double Significance { get; init; } = 0.02;

    /// <summary>Change that matters, as a share; a smaller one is noise however sure it is.</summary>
    public double SmallestChange { get; init; } = 0.03;
}

/// <summary>Compares the repeats of runs with those of a baseline by rank tests.</summary>
/// <remarks>
/// Figures are tested in two families, speed (throughput, TTFT, TPOT) and cost (cost and joules per token), each with half of the significance and
/// Holm's correction inside (S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Stat. 6, 1979), so that all
/// figures of a load together raise a false alarm with at most the significance. The samples are one value a repeat: requests of one run are not
/// independent of each other.
/// </remarks>
public static class MeasurementComparer
{
    private static readonly Figure[][] s_families =
    [
        [
            new("OutputTokensPerSecond", true, m => m.OutputTokensPerSecond),
            new("TtftSeconds.P50", false, m => m.TtftSeconds.P50),
            new("TpotSeconds.P50", false, m => m.TpotSeconds.P50),
        ],
        [
            new("CostPerMillionOutputTokens", false, m => m.CostPerMillionOutputTokens),
            new("JoulesPerToken", false, m => m.JoulesPerToken),
        ],
    ];

    /// <summary>Compares runs with their baselines, load by load.</summary>
    /// <param name="baseline">Measurements of the baseline, several repeats a load.</param>
    /// <param name="current">Measurements to judge.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <returns>One comparison a load and figure that both sides have, in the order of <paramref name="current"/>.</returns>
    public static IReadOnlyList<MeasurementComparison> Compare(
        IEnumerable<ThroughputMeasurement> baseline, IEnumerable<ThroughputMeasurement> current, ComparisonOptions? options = null)
    {
        options ??= new ComparisonOptions();
        ILookup<(string, string, string), ThroughputMeasurement> before = baseline.Where(m => m.Completed).ToLookup(Key);
        List<MeasurementComparison> results = [];
        foreach (IGrouping<(string Model, string Api, string Load), ThroughputMeasurement> group in current.Where(m => m.Completed).GroupBy(Key))
        {
            ThroughputMeasurement[] old = [.. before[group.Key]];
            foreach (Figure[] family in s_families)
            {
                results.AddRange(Family(family, old, [.. group], options));
            }
        }

        return results;
    }

    /// <summary>The loads of the run that the baseline lacks.</summary>
    /// <param name="baseline">Measurements of the baseline.</param>
    /// <param name="current">Measurements to judge.</param>
    public static IReadOnlyList<string> WithoutBaseline(IEnumerable<ThroughputMeasurement> baseline, IEnumerable<ThroughputMeasurement> current)
    {
        HashSet<(string, string, string)> known = [.. baseline.Select(Key)];
        return [.. current.Where(m => !known.Contains(Key(m))).Select(m => $"{m.Model}, {m.Load}").Distinct()];
    }

    private static (string Model, string Api, string Load) Key(ThroughputMeasurement m) => (m.Model, m.Api, m.Load);

    private static IEnumerable<MeasurementComparison> Family(
        Figure[] family, ThroughputMeasurement[] old, ThroughputMeasurement[] now, ComparisonOptions options)
    {
        List<(Figure Figure, double[] Old, double[] Now, double P, double Delta)> tests = [];
        foreach (Figure figure in family)
        {
            double[] a = Values(old, figure);
            double[] b = Values(now, figure);
            if (a.Length > 0 && b.Length > 0)
            {
                (double p, double delta) = MannWhitney.Test(a, b);
                tests.Add((figure, a, b, p, delta));
            }
        }

        double level = options.Significance / s_families.Length;
        double adjustedSoFar = 0;
        Dictionary<Figure, double> adjusted = [];
        int rank = 0;
        foreach ((Figure figure, _, _, double p, _) in tests.OrderBy(t => t.P))
        {
            adjustedSoFar = Math.Min(1, Math.Max(adjustedSoFar, p * (tests.Count - rank++)));
            adjusted[figure] = adjustedSoFar;
        }

        foreach ((Figure figure, double[] a, double[] b, double p, double delta) in tests)
        {
            double before = Median(a);
            double after = Median(b);
            double change = before != 0 ? (after / before) - 1 : after == before ? 0 : double.PositiveInfinity;
            bool decidable = MannWhitney.SmallestPValue(a.Length, b.Length) * tests.Count <= level;
            bool sure = adjusted[figure] <= level;
            bool matters = Math.Abs(change) >= options.SmallestChange;
            yield return new MeasurementComparison
            {
                Model = now[0].Model,
                Load = now[0].Load,
                Metric = figure.Name,
                Baseline = before,
                Current = after,
                HigherIsBetter = figure.HigherIsBetter,
                Verdict = !sure || !matters ? ComparisonVerdict.Noise : change > 0 == figure.HigherIsBetter ? ComparisonVerdict.Better : ComparisonVerdict.Worse,
                PValue = p,
                AdjustedPValue = adjusted[figure],
                EffectSize = delta,
                BaselineRepeats = a.Length,
                Repeats = b.Length,
                Decidable = decidable,
                Reason = !decidable ? FormattableString.Invariant($"Too few repeats to tell: {a.Length} and {b.Length}; {Needed(tests.Count, level)} on each side are enough.")
                    : !sure ? "The repeats differ as much among themselves."
                    : !matters ? FormattableString.Invariant($"Sure, but smaller than the {options.SmallestChange * 100:0.###} % that matter.")
                    : "",
            };
        }
    }

    private static int Needed(int tests, double level)
    {
        int repeats = 2;
        while (MannWhitney.SmallestPValue(repeats, repeats) * tests > level)
        {
            repeats++;
        }

        return repeats;
    }

    private static double[] Values(ThroughputMeasurement[] measurements, Figure figure) =>
        [.. measurements.Select(figure.Value).Where(v => v is not null).Select(v => v!.Value)];

    private static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return SampleSet.Quantile(sorted, 0.5);
    }

    private sealed record Figure(string Name, bool HigherIsBetter, Func<ThroughputMeasurement, double?> Value);
}
