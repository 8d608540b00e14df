using System.Globalization;
using TokenFactory.Core;
using TokenFactory.Core.Catalog;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Planning;

namespace TokenFactory.Benchmarks;

/// <summary>Plans a gigawatt: six tiers, eight kinds of hardware in whole racks, 200 operating points of each tier on each, whole, shadow prices included.</summary>
internal static class PlannerBenchmark
{
    private const int Rounds = 5;

    /// <summary>Prints for each objective the seconds (first, median and most), the gap reached and what whole racks cost against the relaxation.</summary>
    /// <param name="output">Where to print.</param>
    public static void Run(TextWriter output)
    {
        foreach (PlanObjective objective in Enum.GetValues<PlanObjective>())
        {
            List<double> seconds = [];
            FactoryPlan? plan = null;
            for (int seed = 1; seed <= Rounds; seed++)
            {
                plan = FactoryPlanner.Optimize(Gigawatt(200, seed), new PlanOptions { Objective = objective });
                seconds.Add(plan.SolveSeconds);
            }

            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"plan 1 GW, 6 tiers x 8 hardware x 200 points, {objective}: first {seconds[0]:0.000} s, median of {Rounds} {seconds.Order().ElementAt(Rounds / 2):0.000} s, most {seconds.Max():0.000} s; last gap {plan!.Gap:0.0e0} of the bound, racks against the relaxation {Math.Abs(1 - (plan.ObjectiveValue / plan.RelaxationValue)):0.0e0}"));
        }
    }

    private static FactoryDefinition Gigawatt(int pointsEach, int seed)
    {
        var random = new Random(seed);
        int[] units = [72, 72, 8, 8, 8, 64, 4, 16];
        HardwareDefinition[] kinds = [.. units.Select((u, i) => new HardwareDefinition
        {
            Name = $"kind{i}",
            AllInPowerWatts = 1500 + (random.NextDouble() * 2000),
            Price = 30_000 + (random.NextDouble() * 90_000),
            UnitSize = u,
        })];
        double[] speeds = [10, 20, 40, 80, 160, 320];
        double[] prices = [0.2, 1, 3, 6, 45, 150];
        return new FactoryDefinition
        {
            Name = "gigawatt",
            Hardware = kinds,
            Tiers = [.. prices.Select((price, t) => new TierDefinition
            {
                Name = $"tier{t}",
                Price = new TierPrice { OutputPerMillionTokens = price },
                Workload = new WorkloadProfile { InputTokens = 4000, OutputTokens = 1000 },
                Service = new ServiceLevel { Interactivity = speeds[t], TtftSeconds = 2 },
                Demand = new DemandDefinition { MaxTokensPerDay = 4e13 / Math.Pow(4, t), MinTokensPerDay = 1e11 / Math.Pow(4, t) },
                Production = [.. kinds.SelectMany(k => Enumerable.Range(0, pointsEach).Select(_ =>
                {
                    double speed = 5 * Math.Pow(100, random.NextDouble());
                    return new OperatingPoint
                    {
                        Accelerator = k.Name,
                        OutputTokensPerSecondPerAccelerator = 40_000 / speed * (0.3 + random.NextDouble()),
                        Interactivity = speed,
                        TtftSeconds = 0.2 + (3 * random.NextDouble()),
                        PowerWattsPerAccelerator = k.AllInPowerWatts!.Value * (0.6 + (0.4 * random.NextDouble())),
                    };
                }))],
            })],
            Site = new SiteDefinition { PowerWatts = 1e9, Racks = 9000, Budget = 40e9, FacilityCostPerMegawatt = 12e6, EnergyPricePerKilowattHour = 0.07 },
            Finance = new FinanceDefinition { LifetimeYears = 5, FacilityLifetimeYears = 20, DiscountRate = 0.08, Utilization = 0.75, StaffCostPerYear = 12e6 },
        };
    }
}
