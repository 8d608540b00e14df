using TokenFactory.Core.Catalog;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Tests.Economics;

/// <summary>Definitions that tests share, built in code so that they say nothing about the reader.</summary>
internal static class Factories
{
    public static OperatingPoint Point(Estimate output, Estimate? input = null, double? interactivity = null) =>
        new() { OutputTokensPerSecondPerAccelerator = output, InputTokensPerSecondPerAccelerator = input, Interactivity = interactivity };

    public static WorkloadProfile Workload(double input, double output, double cacheHit = 0) =>
        new() { InputTokens = input, OutputTokens = output, CacheHitRatio = cacheHit };

    public static TierPrice Price(double output, double? input = null, double? cached = null) => new()
    {
        OutputPerMillionTokens = output,
        InputPerMillionTokens = input is { } i ? (Estimate)i : null,
        CachedInputPerMillionTokens = cached is { } c ? (Estimate)c : null,
    };

    /// <summary>A published day: 226.75 nodes of eight at 2 USD, 608 G input (342 G cached), 168 G output.</summary>
    public static FactoryDefinition DeepSeekDay() => new()
    {
        Name = "deepseek-day",
        Hardware = [new HardwareDefinition { Name = "h800", RatePerHour = 2, Count = 1814 }],
        Tiers =
        [
            new TierDefinition
            {
                Name = "r1",
                Price = Price(2.19, 0.55, 0.14),
                Workload = Workload(608e9, 168e9, 342.0 / 608),
                Production = [Point(14_820.0 / 8, 73_700.0 * 266 / 608 / 8, 21)],
                Demand = new DemandDefinition { MeanTokensPerDay = 168e9 },
            },
        ],
    };

    /// <summary>The same model on two generations, each at its published point.</summary>
    public static FactoryDefinition WrongArchitecture(double? energyPrice = null) => new()
    {
        Name = "wrong-architecture",
        Site = new SiteDefinition { EnergyPricePerKilowattHour = energyPrice is { } e ? (Estimate)e : null },
        Hardware =
        [
            new HardwareDefinition { Name = "h200", RatePerHour = 1.41, AllInPowerWatts = 1670 },
            new HardwareDefinition { Name = "gb300", RatePerHour = 2.65, AllInPowerWatts = 2140 },
        ],
        Tiers =
        [
            new TierDefinition { Name = "on-h200", Hardware = "h200", Production = [Point(90)] },
            new TierDefinition { Name = "on-gb300", Hardware = "gb300", Production = [Point(6000)] },
        ],
    };

    /// <summary>Owned hardware with every cause of cost, shared by a tier with and a tier without a demand.</summary>
    public static FactoryDefinition Owned() => new()
    {
        Name = "owned",
        Site = new SiteDefinition { PowerWatts = 1e6, EnergyPricePerKilowattHour = 0.07, FacilityCostPerMegawatt = 12e6 },
        Finance = new FinanceDefinition { LifetimeYears = 5, FacilityLifetimeYears = 20, DiscountRate = 0.08, Utilization = 0.75, StaffCostPerYear = 1e6 },
        Hardware = [new HardwareDefinition { Name = "rubin", Price = 126e3, AllInPowerWatts = 2900, Count = 300 }],
        Tiers =
        [
            new TierDefinition { Name = "asked", Price = Price(6), Production = [Point(1000)], Demand = new DemandDefinition { MeanTokensPerDay = 3e9 } },
            new TierDefinition { Name = "open", Price = Price(1), Production = [Point(4000)] },
        ],
    };
}
