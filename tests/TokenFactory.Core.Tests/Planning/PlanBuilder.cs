using TokenFactory.Core.Catalog;
using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Tests.Planning;

/// <summary>Small factories for the planner's tests.</summary>
internal static class PlanBuilder
{
    public static HardwareDefinition Bought(string name = "gpu", double watts = 1000, int unit = 1, double price = 0) =>
        new() { Name = name, AllInPowerWatts = watts, UnitSize = unit, Price = price };

    public static HardwareDefinition There(long count, string name = "gpu", double watts = 1000, int unit = 1) =>
        Bought(name, watts, unit) with { Count = count };

    public static OperatingPoint Point(double output, double? interactivity = 50, double? ttft = 1, double? watts = null, string? on = null) => new()
    {
        OutputTokensPerSecondPerAccelerator = output,
        Interactivity = interactivity,
        TtftSeconds = ttft,
        PowerWattsPerAccelerator = watts,
        Accelerator = on,
    };

    public static TierDefinition Tier(string name, double price, params OperatingPoint[] points) =>
        new() { Name = name, Price = new TierPrice { OutputPerMillionTokens = price }, Production = points };

    public static TierDefinition Selling(this TierDefinition tier, double? most = null, double? least = null, double? mean = null, double? peak = null) =>
        tier with { Demand = new DemandDefinition { MaxTokensPerDay = most, MinTokensPerDay = least, MeanTokensPerDay = mean, PeakToMean = peak } };

    public static FactoryDefinition Factory(HardwareDefinition[] hardware, TierDefinition[] tiers, SiteDefinition? site = null, FinanceDefinition? finance = null) => new()
    {
        Name = "test",
        Hardware = hardware,
        Tiers = tiers,
        Site = site ?? new(),
        Finance = finance ?? new FinanceDefinition { LifetimeYears = 1 },
    };

    /// <summary>A gigawatt with six tiers, eight kinds of hardware in racks, and operating points of each on each.</summary>
    public static FactoryDefinition Gigawatt(int pointsEach, int seed = 1)
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
        TierDefinition[] tiers = [.. prices.Select((price, t) => new TierDefinition
        {
            Name = $"tier{t}",
            Price = new TierPrice { OutputPerMillionTokens = price },
            Workload = new WorkloadProfile { InputTokens = 4000, OutputTokens = 1000 },
            Service = new ServiceLevel { Interactivity = speeds[t], TtftSeconds = 2 },
            Demand = new DemandDefinition { MaxTokensPerDay = 4e13 / Math.Pow(4, t), MinTokensPerDay = 1e11 / Math.Pow(4, t) },
            Production = [.. kinds.SelectMany(k => Enumerable.Range(0, pointsEach).Select(_ =>
            {
                double speed = 5 * Math.Pow(100, random.NextDouble());
                return Point(40_000 / speed * (0.3 + random.NextDouble()), speed, 0.2 + (3 * random.NextDouble()),
                    k.AllInPowerWatts!.Value * (0.6 + (0.4 * random.NextDouble())), k.Name);
            }))],
        })];
        return new FactoryDefinition
        {
            Name = "gigawatt",
            Hardware = kinds,
            Tiers = tiers,
            Site = new SiteDefinition { PowerWatts = 1e9, Racks = 9000, Budget = 40e9, FacilityCostPerMegawatt = 12e6, EnergyPricePerKilowattHour = 0.07 },
            Finance = new FinanceDefinition { LifetimeYears = 5, FacilityLifetimeYears = 20, DiscountRate = 0.08, Utilization = 0.75, StaffCostPerYear = 12e6 },
        };
    }
}
