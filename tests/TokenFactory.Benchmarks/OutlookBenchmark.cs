using System.Diagnostics;
using System.Globalization;
using TokenFactory.Core;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Benchmarks;

/// <summary>How long 10,000 draws of a twelve-step outlook take, percentiles and tornado included.</summary>
internal static class OutlookBenchmark
{
    private const int Rounds = 7;

    public static void Run(TextWriter output)
    {
        FactoryDefinition factory = new()
        {
            Name = "benchmark",
            Site = new SiteDefinition { PowerWatts = 1e9, EnergyPricePerKilowattHour = Estimate.Uniform(0.05, 0.09), FacilityCostPerMegawatt = Estimate.Uniform(10e6, 14e6) },
            Finance = new FinanceDefinition { LifetimeYears = 5, FacilityLifetimeYears = 20, DiscountRate = 0.08, Utilization = Estimate.Uniform(0.6, 0.9), StaffCostPerYear = 12e6 },
            Hardware =
            [
                new HardwareDefinition { Name = "a", Price = Estimate.Triangular(105e3, 126e3, 140e3), AllInPowerWatts = 2900, UnitSize = 72 },
                new HardwareDefinition { Name = "b", Price = 60e3, AllInPowerWatts = 2100, UnitSize = 72 },
            ],
            Tiers = [.. Enumerable.Range(0, 4).Select(i => new TierDefinition
            {
                Name = "t" + i.ToString(CultureInfo.InvariantCulture),
                Hardware = i % 2 == 0 ? "a" : "b",
                Price = new TierPrice { OutputPerMillionTokens = Estimate.Uniform(2 + i, 4 + i) },
                Production = [new OperatingPoint { OutputTokensPerSecondPerAccelerator = Estimate.Uniform(1000, 2000) }],
                Demand = i == 3 ? null : new DemandDefinition { MeanTokensPerDay = 1e12 },
                Growth = [new GrowthRate(Estimate.Uniform(2, 4), 1)],
            })],
            Outlook = new OutlookDefinition { Start = new DateOnly(2027, 1, 1), PeriodMonths = 3, PeriodCount = 12, PriceChange = new GrowthRate(0.7, 1), SoftwareSpeedup = new GrowthRate(1.5, 1) },
        };
        double[] milliseconds = [.. Enumerable.Range(0, Rounds + 1).Select(_ =>
        {
            long start = Stopwatch.GetTimestamp();
            OutlookModel.Evaluate(factory, new OutlookOptions { Draws = 10_000 });
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }).Skip(1).Order()];
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"outlook: 10,000 draws of 12 steps, 4 tiers, 2 kinds of hardware, 16 ranges: {milliseconds[Rounds / 2]:0} ms (median of {Rounds}; {milliseconds[0]:0} to {milliseconds[^1]:0})"));
    }
}
