using CsCheck;
using TokenFactory.Measurement.Statistics;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Measurement.Tests.Statistics;

public sealed class SampleSetTests
{
    [Fact]
    public void Small_sets_give_exact_interpolated_percentiles()
    {
        var set = new SampleSet();
        foreach (int i in Enumerable.Range(1, 11).Reverse())
        {
            set.Add(i);
        }

        LatencySummary summary = set.Summarize();
        Assert.Equal((6.0, 6.0, 10.0, 10.5, 10.9), (summary.Mean!.Value, summary.P50!.Value, summary.P90!.Value, summary.P95!.Value, Math.Round(summary.P99!.Value, 9)));
        Assert.True(summary.P99Uncertain);
        Assert.StartsWith("exact", summary.Method, StringComparison.Ordinal);
    }

    [Fact]
    public void Large_sets_stay_within_the_error_they_state() =>
        Gen.Select(Gen.ULong, Gen.Double[0.0001, 10]).SampleRepeatably(
            (seed, scale) =>
            {
                var random = new SplitMix(seed, 1);
                double[] samples = new double[SampleSet.ExactLimit + 20_000];
                var set = new SampleSet();
                for (int i = 0; i < samples.Length; i++)
                {
                    samples[i] = -Math.Log(random.Unit()) * scale;
                    set.Add(samples[i]);
                }

                LatencySummary summary = set.Summarize();
                Array.Sort(samples);
                foreach ((double p, double? value) in new[] { (0.5, summary.P50), (0.9, summary.P90), (0.95, summary.P95), (0.99, summary.P99) })
                {
                    // Nearest rank and interpolated rank are neighbours among so many.
                    double exact = samples[(int)Math.Ceiling(p * samples.Length) - 1];
                    Assert.InRange(value!.Value, exact * 0.998 - 2e-7, exact * 1.002 + 2e-7);
                }

                Assert.Equal(samples.Average(), summary.Mean!.Value, samples.Average() * 1e-9);
                Assert.Equal(samples.Length, summary.Count);
                Assert.Contains("0.1 %", summary.Method, StringComparison.Ordinal);
            },
            iter: 5);

    [Fact]
    public void No_samples_are_null_and_not_zero()
    {
        LatencySummary summary = new SampleSet().Summarize();
        Assert.Null(summary.P50);
        Assert.Null(summary.Mean);
        Assert.Equal(0, summary.Count);
        Assert.False(summary.P99Uncertain);
    }

    [Fact]
    public void A_timeline_keeps_its_tokens_when_the_run_outgrows_its_buckets()
    {
        var timeline = new TokenTimeline();
        for (int i = 0; i < 100_000; i++)
        {
            timeline.Add(i * 0.01, 2);
        }

        Assert.Equal(200_000, timeline.Between(0, 1e9), 1e-6);
        Assert.Equal(200 * 100.0, timeline.Between(300, 400), 200 * 0.15);
    }
}
