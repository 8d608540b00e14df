using CsCheck;
using TokenFactory.Core.Planning;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Core.Tests.Planning;

public class FairFillTests
{
    private static readonly Gen<(double[] Weights, double[] Yields, double[][] Coefficients, double[] Amounts)> s_case =
        from tiers in Gen.Int[1, 4]
        from limits in Gen.Int[1, 4]
        from weights in Gen.Double[1, 100].Array[tiers]
        from yields in Gen.Double[1, 50].Array[tiers]
        from coefficients in Gen.Select(Gen.Double[0.1, 5], Gen.Bool, (c, used) => used ? c : 0).Array[tiers].Array[limits]
        from amounts in Gen.Double[1, 500].Array[limits]
        select (weights, yields, coefficients, amounts);

    [Fact]
    public void The_closed_form_and_the_linear_program_reach_the_same_levels() => s_case.SampleRepeatably(t =>
    {
        int tiers = t.Weights.Length;
        List<SharedLimit> limits = [.. t.Coefficients.Select((c, i) => new SharedLimit(CapacityLimit.Power, $"{i}", t.Amounts[i], [.. c, 0])),
            new SharedLimit(CapacityLimit.Racks, "all", 1e4, [.. t.Weights.Select(_ => 1.0), 0])];
        FillItem[] items = [.. Enumerable.Range(0, tiers).Select(i => new FillItem([i], [t.Yields[i]], t.Weights[i]))];
        FillResult direct = FairFill.Fill(items, tiers + 1, limits, TestContext.Current.CancellationToken);

        // A second candidate that gives next to nothing and takes all of a limit sends the same case through the linear program.
        SharedLimit[] more = [.. limits.Select(l => l with { Coefficients = [.. l.Coefficients[..tiers], 1e6] })];
        items[0] = items[0] with { Candidates = [0, tiers], Yields = [t.Yields[0], 1e-3] };
        FillResult linear = FairFill.Fill(items, tiers + 1, more, TestContext.Current.CancellationToken);
        for (int i = 0; i < tiers; i++)
        {
            Assert.Equal(direct.Levels[i], linear.Levels[i], 1e-4 * direct.Levels[i]);
        }
    }, iter: 300);
}
