using System.Xml.Linq;
using TokenFactory.Measurement.Baselines;
using TokenFactory.Measurement.Statistics;
using Xunit;

namespace TokenFactory.Measurement.Tests.Baselines;

public sealed class BaselineTests
{
    private static ThroughputMeasurement Run(double throughput, double ttft, double tpot, double? cost = null, string load = "concurrency 4") => new()
    {
        Model = "m",
        Api = "chat",
        Load = load,
        OutputTokensPerSecond = throughput,
        TtftSeconds = new LatencySummary { P50 = ttft, Count = 100 },
        TpotSeconds = new LatencySummary { P50 = tpot, Count = 100 },
        CostPerMillionOutputTokens = cost,
    };

    private static ThroughputMeasurement[] Noisy(ulong seed, int repeats, double noise, double slower = 1)
    {
        var random = new SplitMix(seed, 77);
        double Normal() => Math.Sqrt(-2 * Math.Log(random.Unit())) * Math.Cos(2 * Math.PI * random.Unit());
        return [.. Enumerable.Range(0, repeats).Select(_ =>
        {
            // Speeds of one run move together, as they do on a machine that something else uses.
            double common = Normal();
            double One() => Math.Exp(noise * ((0.7 * common) + (0.7 * Normal())));
            double throughput = 1000 / slower * One();
            return Run(throughput, 0.1 * slower * One(), 0.01 * slower * One(), 4e6 / throughput / 1000);
        })];
    }

    [Theory]
    [InlineData(new[] { 1.0, 2, 3, 4, 5 }, new[] { 6.0, 7, 8, 9, 10 }, 2.0 / 252, 1)]
    [InlineData(new[] { 6.0, 7, 8, 9, 10 }, new[] { 1.0, 2, 3, 4, 5 }, 2.0 / 252, -1)]
    [InlineData(new[] { 1.0, 4 }, new[] { 2.0, 3 }, 1.0, 0)]
    [InlineData(new[] { 1.0, 1, 1 }, new[] { 1.0, 1, 1 }, 1.0, 0)]
    [InlineData(new[] { 1.0, 2, 2 }, new[] { 2.0, 3, 3 }, 0.3, 0.777777777777778)]
    public void Exact_p_values_are_those_of_counting(double[] a, double[] b, double p, double delta)
    {
        (double pValue, double effect) = MannWhitney.Test(a, b);
        Assert.Equal(p, pValue, 1e-9);
        Assert.Equal(delta, effect, 1e-9);
    }

    [Fact]
    public void Exact_and_approximate_p_values_agree_for_many_values()
    {
        var random = new SplitMix(3, 3);
        double[] small = [.. Enumerable.Range(0, 40).Select(_ => random.Unit())];
        double[] other = [.. Enumerable.Range(0, 40).Select(_ => random.Unit() + 0.12)];
        double exact = MannWhitney.Test(small, other).PValue;
        double approximate = MannWhitney.Test([.. small, 0.5], [.. other, 0.62]).PValue;
        Assert.InRange(approximate / exact, 0.6, 1.6);
    }

    [Theory]
    [InlineData(6, 0.05)]
    [InlineData(10, 0.05)]
    [InlineData(10, 0.2)]
    [InlineData(25, 0.1)]
    public void A_hundred_comparisons_of_equal_runs_raise_at_most_five_false_alarms(int repeats, double noise)
    {
        int alarms = Enumerable.Range(0, 100).Count(i => MeasurementComparer
            .Compare(Noisy((ulong)i, repeats, noise), Noisy((ulong)i + 1000, repeats, noise))
            .Any(c => c.Verdict != ComparisonVerdict.Noise));
        Assert.InRange(alarms, 0, 5);
    }

    [Fact]
    public void A_run_that_is_a_fifth_slower_is_found()
    {
        int found = Enumerable.Range(0, 100).Count(i => MeasurementComparer
            .Compare(Noisy((ulong)i, 6, 0.04), Noisy((ulong)i + 1000, 6, 0.04, slower: 1.2))
            .Single(c => c.Metric == "OutputTokensPerSecond").Verdict == ComparisonVerdict.Worse);
        Assert.InRange(found, 90, 100);
    }

    [Fact]
    public void Cost_is_compared_and_better_is_told_from_worse()
    {
        IReadOnlyList<MeasurementComparison> slower = MeasurementComparer.Compare(Noisy(1, 6, 0.01), Noisy(2, 6, 0.01, 1.5));
        Assert.Equal(["OutputTokensPerSecond", "TtftSeconds.P50", "TpotSeconds.P50", "CostPerMillionOutputTokens"], slower.Select(c => c.Metric));
        Assert.All(slower, c => Assert.Equal(ComparisonVerdict.Worse, c.Verdict));
        Assert.All(MeasurementComparer.Compare(Noisy(1, 6, 0.01, 1.5), Noisy(2, 6, 0.01)), c => Assert.Equal(ComparisonVerdict.Better, c.Verdict));
        Assert.InRange(slower[0].Change!.Value, -0.36, -0.30);
        Assert.Equal(-1, slower[0].EffectSize);
    }

    [Fact]
    public void Too_few_repeats_are_said_and_a_change_that_does_not_matter_is_noise()
    {
        MeasurementComparison few = MeasurementComparer.Compare(Noisy(1, 3, 0.01), Noisy(2, 3, 0.01, 2))[0];
        Assert.Equal((ComparisonVerdict.Noise, false), (few.Verdict, few.Decidable));
        Assert.Contains("6 on each side", few.Reason, StringComparison.Ordinal);
        MeasurementComparison small = MeasurementComparer.Compare(Noisy(1, 12, 0.001), Noisy(2, 12, 0.001, 1.01))[0];
        Assert.Equal(ComparisonVerdict.Noise, small.Verdict);
        Assert.True(small.Decidable);
        Assert.Contains("smaller", small.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Loads_without_a_baseline_are_named_and_not_compared()
    {
        ThroughputMeasurement[] current = [Run(1, 1, 1), Run(1, 1, 1, load: "concurrency 8")];
        Assert.Equal(["m, concurrency 8"], MeasurementComparer.WithoutBaseline([Run(1, 1, 1)], current));
        Assert.All(MeasurementComparer.Compare([Run(1, 1, 1)], current), c => Assert.Equal("concurrency 4", c.Load));
    }

    [Fact]
    public void A_build_server_reads_the_junit_file()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("tf-junit-").FullName, "gate.xml");
        IReadOnlyList<MeasurementComparison> worse = MeasurementComparer.Compare(Noisy(1, 6, 0.01), Noisy(2, 6, 0.01, 1.5));
        JUnitReport.Write(path, [.. worse, .. MeasurementComparer.Compare(Noisy(1, 2, 0.01), Noisy(2, 2, 0.01))], ["m\u0001, concurrency 9"]);
        XElement suite = XDocument.Load(path).Root!.Element("testsuite")!;
        Assert.Equal(("9", "4", "5"), (suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value, suite.Attribute("skipped")!.Value));
        Assert.Equal(4, suite.Descendants("failure").Count());
        Assert.Contains("got worse", suite.Descendants("failure").First().Attribute("message")!.Value, StringComparison.Ordinal);
    }
}
