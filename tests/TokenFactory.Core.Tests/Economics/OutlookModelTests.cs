using CsCheck;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;
using TokenFactory.Core.Quantities;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Core.Tests.Economics;

public class OutlookModelTests
{
    private static readonly DateOnly s_start = new(2027, 1, 1);

    private static FactoryDefinition Gigawatt(params GrowthRate[] growth) => new()
    {
        Name = "fixed",
        Site = new SiteDefinition { PowerWatts = 1e9, EnergyPricePerKilowattHour = 0.07, FacilityCostPerMegawatt = 12e6 },
        Finance = new FinanceDefinition { LifetimeYears = 5, FacilityLifetimeYears = 20, DiscountRate = 0.08 },
        Hardware = [new HardwareDefinition { Name = "rubin", Price = 126e3, AllInPowerWatts = 2900, UnitSize = 72 }],
        Tiers =
        [
            new TierDefinition
            {
                Name = "all", Price = Factories.Price(3), Production = [Factories.Point(4000)], Growth = growth,
                Demand = new DemandDefinition { MeanTokensPerDay = 1e11 },
            },
        ],
        Outlook = new OutlookDefinition { Start = s_start, PeriodMonths = 3, PeriodCount = 8 },
    };

    private static FactoryDefinition Single() => new()
    {
        Name = "single",
        Site = new SiteDefinition { EnergyPricePerKilowattHour = 0.1 },
        Finance = new FinanceDefinition { LifetimeYears = 5, DiscountRate = 0.1, StaffCostPerYear = 100 },
        Hardware = [new HardwareDefinition { Name = "box", Price = 10_000, AllInPowerWatts = 1000, Count = 1 }],
        Tiers = [new TierDefinition { Name = "t", Price = Factories.Price(1), Production = [Factories.Point(200)] }],
        Outlook = new OutlookDefinition { Start = s_start, PeriodMonths = 12, PeriodCount = 4 },
    };

    [Fact]
    public void One_box_for_four_years_by_hand()
    {
        FactoryOutlook outlook = OutlookModel.Evaluate(Single());

        // 200 tok/s × 86,400 × 365 at 1 a million = 6,307.2 a year; energy 876, staff 100.
        double operating = 6307.2 - 876 - 100;
        Assert.Equal(10_000, outlook.Periods[0].Capex);
        Assert.All(outlook.Periods, p => Assert.Equal(operating, p.Revenue - p.OperatingCost, 1e-6));
        double npv = -10_000 + Enumerable.Range(0, 4).Sum(k => operating / Math.Pow(1.1, k + 0.5));
        Assert.Equal(npv, outlook.NetPresentValue, 1e-6);
        Assert.Equal(10_000 / operating, outlook.PaybackYears!.Value, 1e-9);
        double rate = outlook.InternalRateOfReturn!.Value;
        Assert.Equal(0, -10_000 + Enumerable.Range(0, 4).Sum(k => operating / Math.Pow(1 + rate, k + 0.5)), 1e-6);
        Assert.Equal(2000, outlook.BookValue, 1e-9);
        Assert.Equal((4 * operating) - 10_000, outlook.Cash, 1e-6);
    }

    [Fact]
    public void Ten_thousand_times_and_a_hundred_times_in_two_years_are_a_million_times()
    {
        FactoryOutlook outlook = OutlookModel.Evaluate(Gigawatt(new GrowthRate(10_000, 2), new GrowthRate(100, 2)));

        Assert.Equal(1e6, outlook.DemandMultiple!.Value, 1e-3);
        Assert.Equal(0.778, outlook.DemandGrowthPerMonth!.Value, 3);
        // The gigawatt sells what it can and no more.
        double capacity = Math.Floor(1e9 / 2900 / 72) * 72 * 4000 * 86400;
        Assert.Equal(capacity, outlook.Periods[^1].TokensPerDay, capacity * 1e-9);
        Assert.InRange(outlook.DemandMetAtEnd!.Value, 0, 0.01);
        Assert.Equal(1, outlook.Periods[0].DemandMet!.Value, 1e-9);
        Assert.All(outlook.Periods, p => Assert.True(p.DrawnWatts <= 1e9));
    }

    [Fact]
    public void Hardware_is_bought_for_demand_in_whole_units_and_never_again()
    {
        FactoryOutlook outlook = OutlookModel.Evaluate(Gigawatt());

        double units = Math.Ceiling(1e11 / (4000 * 86400.0) / 72);
        Assert.Equal(units * 72, outlook.Periods[0].Accelerators);
        Assert.Equal((units * 72 * 126e3) + (12e6 * 1000), outlook.Periods[0].Capex, 1e-3);
        Assert.All(outlook.Periods.Skip(1), p => Assert.Equal(0, p.Capex));
        Assert.All(outlook.Periods, p => Assert.Equal(1e11, p.TokensPerDay, 1));
    }

    [Fact]
    public void Power_that_arrives_by_step_is_filled_when_it_arrives()
    {
        FactoryDefinition stepped = Gigawatt();
        stepped = stepped with
        {
            Tiers = [stepped.Tiers[0] with { Demand = null }],
            Outlook = stepped.Outlook! with { Build = [new BuildStep(s_start, 250e6), new BuildStep(s_start.AddMonths(9), 1e9)] },
        };

        FactoryOutlook outlook = OutlookModel.Evaluate(stepped);

        Assert.Equal(Math.Floor(250e6 / 2900 / 72) * 72, outlook.Periods[0].Accelerators);
        Assert.Equal(0, outlook.Periods[1].Capex);
        Assert.Equal(Math.Floor(1e9 / 2900 / 72) * 72, outlook.Periods[3].Accelerators);
        Assert.Equal(12e6 * 1000, outlook.Periods.Sum(p => p.Capex) - (outlook.Periods[3].Accelerators * 126e3), 1);
    }

    [Fact]
    public void Hardware_past_its_lifetime_is_bought_again()
    {
        FactoryDefinition box = Single();
        box = box with { Finance = box.Finance with { LifetimeYears = 2 } };

        Assert.Equal([10_000, 0, 10_000, 0], OutlookModel.Evaluate(box).Periods.Select(p => p.Capex));
    }

    [Fact]
    public void Prices_fall_by_tier_and_software_makes_the_same_hardware_faster()
    {
        FactoryDefinition box = Single();
        box = box with { Outlook = box.Outlook! with { PriceChange = new GrowthRate(0.7, 1), SoftwareSpeedup = new GrowthRate(1.5, 1) } };

        FactoryOutlook outlook = OutlookModel.Evaluate(box);

        Assert.Equal(Math.Pow(0.7, 0.5), outlook.Periods[0].Tiers[0].PricePerMillionOutputTokens!.Value, 1e-12);
        Assert.Equal(200 * Math.Pow(1.5, 2.5), outlook.Periods[2].Tiers[0].OutputTokensPerSecondPerAccelerator, 1e-9);
        Assert.Equal(6307.2 * Math.Pow(0.7 * 1.5, 1.5), outlook.Periods[1].Revenue, 1e-6);
        FactoryDefinition own = box with { Tiers = [box.Tiers[0] with { PriceChange = new GrowthRate(1, 1) }] };
        Assert.Equal(1, OutlookModel.Evaluate(own).Periods[3].Tiers[0].PricePerMillionOutputTokens!.Value, 1e-12);
    }

    [Fact]
    public void A_budget_stops_the_buying()
    {
        FactoryDefinition poor = Gigawatt();
        poor = poor with
        {
            Site = poor.Site with { Budget = 12e9 + (1000 * 126e3) },
            Tiers = [poor.Tiers[0] with { Demand = new DemandDefinition { MeanTokensPerDay = 1e12 } }],
        };

        FactoryOutlook outlook = OutlookModel.Evaluate(poor);

        Assert.True(outlook.Capex <= 12e9 + (1000 * 126e3));
        Assert.Equal(Math.Floor(1000.0 / 72) * 72, outlook.Periods[^1].Accelerators);
    }

    [Fact]
    public void Nothing_that_limits_a_tier_is_refused()
    {
        FactoryDefinition open = Gigawatt();
        open = open with { Site = new SiteDefinition(), Tiers = [open.Tiers[0] with { Demand = null }] };

        Assert.Equal("OutlookUnbounded", Assert.Throws<TokenFactoryException>(() => OutlookModel.Evaluate(open)).ErrorId);
    }

    [Fact]
    public void Ranges_give_percentiles_by_seed_and_a_tornado_by_swing()
    {
        FactoryDefinition box = Single();
        box = box with
        {
            Hardware = [box.Hardware[0] with { Price = Estimate.Uniform(9000, 11_000) }],
            Site = box.Site with { EnergyPricePerKilowattHour = Estimate.Triangular(0.09, 0.1, 0.12) },
        };
        var options = new OutlookOptions { Draws = 2000, Seed = 3 };

        FactoryOutlook outlook = OutlookModel.Evaluate(box, options);

        Assert.Equal(["hardware.box.price", "site.energyPrice"], outlook.Tornado.Select(t => t.Input));
        // Capital is paid at once, so its P10 to P90 is the swing.
        Assert.Equal(1600, outlook.Tornado[0].Swing, 1e-6);
        Assert.True(outlook.NetPresentValueRange!.P10 < outlook.NetPresentValueRange.P50);
        Assert.Equal(outlook.NetPresentValueRange, OutlookModel.Evaluate(box, options).NetPresentValueRange);
        Assert.Equal(0, outlook.LossProbability);
        Assert.NotNull(outlook.InternalRateOfReturnRange);
    }

    [Fact]
    public void Growth_and_falling_prices_may_be_ranges_too()
    {
        FactoryDefinition grown = Gigawatt(new GrowthRate(Estimate.Uniform(50, 150), 2));
        grown = grown with { Outlook = grown.Outlook! with { PriceChange = new GrowthRate(Estimate.Uniform(0.6, 0.8), 1) } };

        FactoryOutlook outlook = OutlookModel.Evaluate(grown, new OutlookOptions { Draws = 200 });

        Assert.Equal(["outlook.priceChange", "tiers.all.growth[0]"], outlook.Tornado.Select(t => t.Input).Order(StringComparer.Ordinal));
        Assert.All(outlook.Tornado, t => Assert.True(t.Swing > 0));
    }

    [Fact]
    public void Demand_that_crosses_capacity_within_a_period_sells_the_integral_of_the_lesser()
    {
        FactoryDefinition box = Single();
        const double Capacity = 200 * 86400;
        box = box with
        {
            Tiers = [box.Tiers[0] with { Demand = new DemandDefinition { MeanTokensPerDay = Capacity / 2 }, Growth = [new GrowthRate(4, 1)] }],
            Outlook = box.Outlook! with { PeriodCount = 1 },
        };

        double sold = OutlookModel.Evaluate(box).Periods[0].TokensPerDay;

        double sum = 0;
        for (int i = 0; i < 100_000; i++)
        {
            sum += Math.Min(Capacity, Capacity / 2 * Math.Pow(4, (i + 0.5) / 100_000));
        }

        Assert.Equal(sum / 100_000, sold, Capacity * 1e-6);
    }

    [Fact]
    public void Present_value_at_the_rate_of_return_is_zero() =>
        Gen.Select(Gen.Double[1, 1e9], Gen.Double[-1, 1e8].Array[1, 24], Gen.Double[0.05, 2]).SampleRepeatably((spent, operating, period) =>
        {
            double[] amounts = [-spent, .. operating.SelectMany(o => new[] { o, 0 })];
            double? rate = CashFlow.InternalRate(amounts, period, out string? reason);
            Assert.True(rate is not null || reason is not null);
            if (rate is { } r)
            {
                // Near a loss of everything the present values are huge, and with them their rounding.
                Assert.Equal(0, CashFlow.PresentValue(amounts, period, r) / CashFlow.PresentValue([.. amounts.Select(Math.Abs)], period, r), 1e-6);
            }
        });

    [Fact]
    public void Cash_that_only_comes_in_has_no_rate_and_pays_back_at_once()
    {
        Assert.Null(CashFlow.InternalRate([0, 5, 0, 5], 1, out string? reason));
        Assert.NotNull(reason);
        Assert.Equal(0, CashFlow.Payback([0, 5, 0, 5], 1));
        Assert.Null(CashFlow.Payback([-20, 5, 0, 5], 1));
        // It comes back, is spent again, and comes back for good.
        Assert.Equal(1.75, CashFlow.Payback([-5, 10, -8, 4], 1));
        // Two rates, 10 % and 20 %: none is the rate of return.
        Assert.Null(CashFlow.InternalRate([-1, 0, 2.3, 0, -1.32], 1, out reason));
        Assert.Contains("more than one rate", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_outlooks_are_finite_and_add_up() =>
        Gen.Select(Gen.Double[0.5, 3], Gen.Double[0.5, 2], Gen.Double[1e6, 1e13], Gen.Int[1, 30], Gen.Int[1, 12], Gen.Bool, Gen.Double[0, 2e9]).SampleRepeatably((growth, speedup, demand, count, months, open, power) =>
        {
            FactoryDefinition factory = Gigawatt(new GrowthRate(growth, 1));
            factory = factory with
            {
                Tiers = [factory.Tiers[0] with { Demand = new DemandDefinition { MeanTokensPerDay = demand } }, factory.Tiers[0] with { Name = "open", Demand = open ? null : new DemandDefinition { MeanTokensPerDay = 0 } }],
                Outlook = factory.Outlook! with
                {
                    PeriodCount = count, PeriodMonths = months, SoftwareSpeedup = new GrowthRate(speedup, 1),
                    Build = [new BuildStep(s_start, power), new BuildStep(s_start.AddMonths(7), power / 2)],
                },
            };

            FactoryOutlook outlook = OutlookModel.Evaluate(factory);

            Assert.True(double.IsFinite(outlook.NetPresentValue));
            Assert.Equal(outlook.Cash, outlook.Periods[^1].CumulativeCash, Math.Max(1, Math.Abs(outlook.Revenue) + outlook.Capex) * 1e-9);
            Assert.All(outlook.Periods, p =>
            {
                Assert.True(p.Revenue >= 0 && p.OperatingCost >= 0 && p.Capex >= 0 && p.TokensPerDay >= 0);
                Assert.True(p.DrawnWatts <= p.PowerWatts!.Value * (1 + 1e-9));
                Assert.Equal(p.Revenue, p.Tiers.Sum(t => t.Revenue), Math.Max(1, p.Revenue) * 1e-9);
                Assert.True(p.Tiers[0].TokensPerDay <= p.Tiers[0].DemandTokensPerDay * (1 + 1e-9));
            });
        }, iter: 1000);
}
