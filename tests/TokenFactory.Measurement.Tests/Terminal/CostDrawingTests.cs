using System.Globalization;
using System.Text.RegularExpressions;
using TokenFactory.Core;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;
using TokenFactory.Measurement.Terminal;
using Xunit;

namespace TokenFactory.Measurement.Tests.Terminal;

public partial class CostDrawingTests
{
    private static readonly IReadOnlyList<CostBreakdown> s_costs = CostModel.Evaluate(new FactoryDefinition
    {
        Name = "drawn",
        Site = new SiteDefinition { EnergyPricePerKilowattHour = 0.5 },
        Hardware = [new HardwareDefinition { Name = "h", RatePerHour = 1, AllInPowerWatts = 2000, Count = 10 }],
        Finance = new FinanceDefinition { Utilization = 0.5 },
        Tiers =
        [
            new TierDefinition { Name = "a [bracket] and a very long name that does not fit", Production = [Point(100, 20)] },
            new TierDefinition { Name = "b", Production = [Point(400, 5)] },
            new TierDefinition { Name = "none", Production = [Point(400, null)], Demand = new DemandDefinition { MeanTokensPerDay = 0 } },
        ],
    });

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(200)]
    public void Bars_fit_and_are_as_long_as_what_they_show(int width)
    {
        IReadOnlyList<string> lines = CostDrawing.Bars(s_costs, width, color: false);

        Assert.All(lines, l => Assert.True(l.Length <= width, l));
        int[] bars = [.. lines.Take(2).Select(l => Bar().Match(l).Length)];
        // A quarter of the throughput is four times the cost; half of each bar is idle.
        Assert.Equal(4.0, (double)bars[0] / bars[1], 1.0);
        Assert.Equal(bars[0] / 2.0, lines[0].Count(c => c == 'I'), 1.0);
        Assert.Contains("nothing sold", lines[2], StringComparison.Ordinal);
        Assert.Equal("R rent  E energy  I idle", lines[^1]);
    }

    [Fact]
    public void Colour_draws_the_same_with_escape_sequences()
    {
        string text = string.Join('\n', CostDrawing.Bars(s_costs, 80, color: true));

        Assert.Contains("\u001b[", text, StringComparison.Ordinal);
        Assert.Contains("a [bracket]", text, StringComparison.Ordinal);
        Assert.All(Escape().Replace(text, "").Split('\n'), l => Assert.True(l.Length <= 80, l));
    }

    [Fact]
    public void Plot_marks_the_frontier_and_lists_what_has_no_speed()
    {
        FrontierPoint[] points =
        [
            new("slow", 5, 400), new("beaten", 5, 300), new("fast", 20, 100), new("unknown", null, 900),
        ];

        IReadOnlyList<string> lines = CostDrawing.Frontier(points, 80, color: false);

        Assert.All(lines, l => Assert.True(l.Length <= 80, l));
        string plot = string.Join('\n', lines.TakeWhile(l => !l.Contains('└', StringComparison.Ordinal)).Skip(1));
        // Capital letters are on the frontier, small ones are beaten.
        Assert.Contains('A', plot);
        Assert.Contains('b', plot);
        Assert.Contains('C', plot);
        Assert.StartsWith("- unknown:", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_to_draw_draws_nothing_that_fails()
    {
        Assert.Empty(CostDrawing.Frontier([], 80, color: false));
        Assert.All(CostDrawing.Bars([], 80, color: true), l => Assert.Empty(l));
    }

    [Fact]
    public void Drawing_is_the_same_in_every_culture()
    {
        string here = string.Join('\n', CostDrawing.Bars(s_costs, 80, color: false));
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");
            Assert.Equal(here, string.Join('\n', CostDrawing.Bars(s_costs, 80, color: false)));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static OperatingPoint Point(double output, double? interactivity) =>
        new() { OutputTokensPerSecondPerAccelerator = output, Interactivity = interactivity };

    [GeneratedRegex("[CREFSI]+$")]
    private static partial Regex Bar();

    [GeneratedRegex("\u001b\\[[0-9;]*m")]
    private static partial Regex Escape();
}
