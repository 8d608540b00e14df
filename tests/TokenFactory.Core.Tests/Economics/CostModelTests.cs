using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;
using TokenFactory.Core.Quantities;
using Xunit;

namespace TokenFactory.Core.Tests.Economics;

public class CostModelTests
{
    [Fact]
    public void Published_day_costs_earns_and_returns_what_was_published()
    {
        CostBreakdown day = Assert.Single(CostModel.Evaluate(Factories.DeepSeekDay()));

        Assert.Equal(87_072, day.CostPerDay);
        Assert.Equal(562_100, day.RevenuePerDay, 1e-6);
        Assert.InRange(day.ReturnOnCost!.Value, 5.45, 5.46);
        Assert.Equal(168e9, day.OutputTokensPerDay);
        Assert.Equal(608e9, day.InputTokensPerDay, 1);
        Assert.Equal(342e9, day.CachedTokensPerDay, 1);
        Assert.Equal(1814, day.PrefillAccelerators!.Value + day.DecodeAccelerators!.Value, 1e-9);
        Assert.Contains(day.Causes, c => c is { Phase: CostPhase.Prefill, Cause: CostCauseKind.Rent });
        Assert.Contains(day.Causes, c => c is { Phase: CostPhase.Decode, Cause: CostCauseKind.Rent });
        Assert.True(day.IdlePerDay < 0.001 * day.CostPerDay);
        Assert.Equal(0, day.CostPerMillionCachedTokens);
        // What prefill and decode tokens cost, sold at that cost, pays for the day.
        Assert.Equal(87_072, (day.CostPerMillionInputTokens!.Value * 266e3) + (day.CostPerMillionOutputTokens!.Value * 168e3), 1e-6);
    }

    [Fact]
    public void Two_generations_cost_per_million_and_per_megawatt_as_published()
    {
        IReadOnlyList<CostBreakdown> both = CostModel.Evaluate(Factories.WrongArchitecture());

        Assert.Equal(4.35, both[0].CostPerMillionOutputTokens!.Value, 2);
        Assert.Equal(0.123, both[1].CostPerMillionOutputTokens!.Value, 3);
        Assert.Equal(35.5, both[0].CostPerMillionOutputTokens!.Value / both[1].CostPerMillionOutputTokens!.Value, 1);
        Assert.Equal(54e3, both[0].TokensPerSecondPerMegawatt!.Value, 500.0);
        Assert.Equal(2.8e6, both[1].TokensPerSecondPerMegawatt!.Value, 5e4);
        Assert.Equal(1670.0 / 90, both[0].JoulesPerToken!.Value, 1e-9);
        Assert.All(both, b => Assert.Equal(AcceleratorBasis.One, b.Basis));
    }

    [Fact]
    public void Rent_has_its_energy_inside_until_the_site_prices_it()
    {
        CostBreakdown h200 = CostModel.Evaluate(Factories.WrongArchitecture(0.07))[0];

        Assert.Equal(1.41 + 0.1169, h200.CostPerAcceleratorHour, 1e-12);
        Assert.Equal(0.1169 * 24, h200.EnergyPerDay, 1e-9);
    }

    [Fact]
    public void Owned_hour_is_annuity_energy_facility_and_staff()
    {
        CostBreakdown tier = CostModel.Evaluate(Factories.Owned())[0];

        // 8 % over 5 years is 0.250456 a year and over 20 years 0.101852, as annuity tables print.
        Assert.Equal(126e3 * 0.2504564546 / 8760, tier.AcceleratorHour.Capital, 1e-8);
        Assert.Equal(2.9 * 0.07, tier.AcceleratorHour.Energy, 1e-12);
        Assert.Equal(12e6 * 0.0029 * 0.1018522088 / 8760, tier.AcceleratorHour.Facility, 1e-9);
        Assert.Equal(1e6 / 8760 / 300, tier.AcceleratorHour.Staff, 1e-12);
        Assert.Equal(0, tier.AcceleratorHour.Rent);
    }

    [Fact]
    public void Tiers_that_share_hardware_pay_for_all_of_it()
    {
        IReadOnlyList<CostBreakdown> tiers = CostModel.Evaluate(Factories.Owned());

        Assert.Equal(300, tiers.Sum(t => t.Accelerators), 1e-9);
        Assert.Equal(3e9 / (1000 * 86400 * 0.75), tiers[0].Accelerators, 1e-9);
        Assert.Equal(3e9, tiers[0].OutputTokensPerDay);
        Assert.Equal(tiers[1].CapacityTokensPerDay * 0.75, tiers[1].OutputTokensPerDay, 1e-3);
        Assert.Equal(300 * 24 * tiers[0].CostPerAcceleratorHour, tiers.Sum(t => t.CostPerDay), 1e-6);
        Assert.All(tiers, t => Assert.Equal(0.25, t.IdlePerDay / t.CostPerDay, 1e-9));
    }

    [Fact]
    public void Idle_capacity_is_a_cause_spread_by_use()
    {
        FactoryDefinition owned = Factories.Owned();
        FactoryDefinition asked = owned with
        {
            Tiers = [owned.Tiers[0], owned.Tiers[1] with { Demand = new DemandDefinition { MeanTokensPerDay = 6e9 } }],
        };

        IReadOnlyList<CostBreakdown> tiers = CostModel.Evaluate(asked);

        Assert.Equal(300, tiers.Sum(t => t.Accelerators), 1e-9);
        // Both tiers keep the same share of their accelerators busy: idleness follows use.
        Assert.Equal(tiers[0].Utilization, tiers[1].Utilization, 1e-12);
        Assert.Equal(((3e9 / 1000) + (6e9 / 4000)) / 86400 / 300, tiers[0].Utilization, 1e-12);
    }

    [Fact]
    public void Hardware_that_no_tier_runs_on_is_paid_for_as_idle()
    {
        FactoryDefinition owned = Factories.Owned() with
        {
            Hardware = [.. Factories.Owned().Hardware, new HardwareDefinition { Name = "old", RatePerHour = 1, AllInPowerWatts = 1000, Count = 100 }],
        };
        owned = owned with { Tiers = [.. owned.Tiers.Select(t => t with { Hardware = "rubin" })] };

        IReadOnlyList<CostBreakdown> tiers = CostModel.Evaluate(owned);

        double hour = tiers[0].CostPerAcceleratorHour;
        Assert.Equal(24 * ((300 * hour) + (100 * (1 + 0.07 + tiers[0].AcceleratorHour.Staff))), tiers.Sum(t => t.CostPerDay), 1e-6);
        Assert.All(tiers, t => Assert.Contains(t.Notes, n => n.Contains("old", StringComparison.Ordinal)));
    }

    [Fact]
    public void Demand_beyond_capacity_sells_what_there_is_and_says_so()
    {
        FactoryDefinition day = Factories.DeepSeekDay();
        day = day with { Hardware = [day.Hardware[0] with { Count = 907 }] };

        CostBreakdown half = Assert.Single(CostModel.Evaluate(day));

        Assert.InRange(half.OutputTokensPerDay, 0.49 * 168e9, 0.51 * 168e9);
        Assert.Contains(half.Notes, n => n.StartsWith("Capacity falls short of demand", StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_sold_has_a_cost_but_no_cost_per_token()
    {
        FactoryDefinition day = Factories.DeepSeekDay();
        day = day with { Tiers = [day.Tiers[0] with { Demand = new DemandDefinition { MeanTokensPerDay = 0 } }] };

        CostBreakdown none = Assert.Single(CostModel.Evaluate(day));

        Assert.Equal(87_072, none.CostPerDay);
        Assert.Null(none.CostPerMillionOutputTokens);
        Assert.Null(none.BlendedCostPerMillionTokens);
        Assert.Null(none.Margin);
        Assert.Equal(87_072, none.IdlePerDay);
    }

    [Fact]
    public void A_share_of_power_feeds_so_many_accelerators()
    {
        FactoryDefinition site = Factories.Owned();
        site = site with
        {
            Site = site.Site with { PowerWatts = 1e9 },
            Hardware = [site.Hardware[0] with { Count = null }],
            Tiers = [site.Tiers[1] with { PowerShare = 0.25 }],
        };

        CostBreakdown tier = Assert.Single(CostModel.Evaluate(site));

        Assert.Equal(0.25e9 / 2900, tier.Accelerators, 1e-6);
        Assert.Equal(AcceleratorBasis.Power, tier.Basis);
        Assert.Equal(0.25e9, tier.PowerWatts!.Value, 1e-3);
    }

    [Fact]
    public void Cheapest_point_that_meets_the_service_level_is_priced()
    {
        FactoryDefinition factory = Factories.WrongArchitecture();
        factory = factory with
        {
            Tiers =
            [
                new TierDefinition
                {
                    Name = "fast", Hardware = "gb300", Service = new ServiceLevel { Interactivity = 100 },
                    Production = [Factories.Point(6000, interactivity: 20), Factories.Point(800, interactivity: 120), Factories.Point(500, interactivity: 150)],
                },
                new TierDefinition
                {
                    Name = "prompt", Hardware = "gb300", Service = new ServiceLevel { TtftSeconds = 1 }, Production = [Factories.Point(6000)],
                },
            ],
        };

        IReadOnlyList<CostBreakdown> tiers = CostModel.Evaluate(factory);

        Assert.Equal(800, tiers[0].OutputTokensPerSecondPerAccelerator);
        Assert.True(tiers[0].MeetsService);
        // A point that does not say its time to first token never counts as meeting one.
        Assert.False(tiers[1].MeetsService);
    }

    [Fact]
    public void Measured_point_takes_the_place_of_the_declared_one()
    {
        FactoryDefinition factory = Factories.WrongArchitecture();
        OperatingPoint measured = Factories.Point(180) with { Accelerator = "H200", Source = FigureSource.Measured };

        CostBreakdown priced = Assert.Single(CostModel.EvaluatePoint(factory, measured));

        Assert.Equal("on-h200", priced.Tier);
        Assert.Equal(FigureSource.Measured, priced.Source);
        Assert.Equal(1.41 / (180 * 3600) * 1e6, priced.CostPerMillionOutputTokens!.Value, 1e-9);
        Assert.Equal(priced.CostPerMillionOutputTokens, priced.OperatingPoint.CostPerMillionOutputTokens);
    }

    [Fact]
    public void Tiers_that_one_measured_point_fits_pay_for_shared_hardware_once()
    {
        FactoryDefinition desk = Factories.DeepSeekDay() with
        {
            Hardware = [new HardwareDefinition { Name = "desk", RatePerHour = 1, Count = 1 }],
            Tiers =
            [
                new TierDefinition { Name = "chat", Demand = new DemandDefinition { MeanTokensPerDay = 1e6 } },
                new TierDefinition { Name = "batch", Demand = new DemandDefinition { MeanTokensPerDay = 3e6 } },
            ],
        };

        IReadOnlyList<CostBreakdown> tiers = CostModel.EvaluatePoint(desk, Factories.Point(100));

        Assert.Equal(24, tiers.Sum(t => t.CostPerDay), 1e-9);
        Assert.Equal(6, tiers[0].CostPerDay, 1e-9);
        Assert.Equal("NoTierFits", Assert.Throws<TokenFactoryException>(() => CostModel.EvaluatePoint(
            desk with { Tiers = [desk.Tiers[0] with { Model = "a" }] }, Factories.Point(100) with { Model = "b" })).ErrorId);
    }

    [Theory]
    [InlineData("HardwarePriceMissing")]
    [InlineData("LifetimeMissing")]
    [InlineData("PowerUnknown")]
    [InlineData("OperatingPointMissing")]
    [InlineData("HardwareAmbiguous")]
    [InlineData("HardwareUnknown")]
    [InlineData("WorkloadMissing")]
    [InlineData("StaffShareUnknown")]
    [InlineData("UtilizationOutOfRange")]
    public void What_an_answer_needs_and_lacks_is_named(string errorId)
    {
        FactoryDefinition f = Factories.WrongArchitecture() with { Tiers = [new TierDefinition { Name = "t", Hardware = "h200", Production = [Factories.Point(90)] }] };
        HardwareDefinition h = f.Hardware[0];
        TierDefinition t = f.Tiers[0];
        f = errorId switch
        {
            "HardwarePriceMissing" => f with { Hardware = [h with { RatePerHour = null }] },
            "LifetimeMissing" => f with { Hardware = [h with { RatePerHour = null, Price = 30e3 }] },
            "PowerUnknown" => f with { Site = new SiteDefinition { EnergyPricePerKilowattHour = 0.1 }, Hardware = [h with { AllInPowerWatts = null }] },
            "OperatingPointMissing" => f with { Tiers = [t with { Production = [] }] },
            "HardwareAmbiguous" => f with { Tiers = [t with { Hardware = null }] },
            "HardwareUnknown" => f with { Tiers = [t with { Hardware = "h999" }] },
            "WorkloadMissing" => f with { Tiers = [t with { Production = [Factories.Point(90, 900)] }] },
            "StaffShareUnknown" => f with { Finance = new FinanceDefinition { StaffCostPerYear = 1e6 } },
            _ => f with { Finance = new FinanceDefinition { Utilization = 0 } },
        };

        TokenFactoryException failure = Assert.Throws<TokenFactoryException>(() => CostModel.Evaluate(f));

        Assert.Equal(errorId, failure.ErrorId);
    }

    [Fact]
    public void Ranges_come_out_as_percentiles_that_a_seed_repeats()
    {
        FactoryDefinition owned = Factories.Owned();
        owned = owned with { Hardware = [owned.Hardware[0] with { Price = Estimate.Uniform(100e3, 152e3) }] };

        CostBreakdown once = CostModel.Evaluate(owned, new CostOptions { Seed = 7 })[0];
        CostBreakdown again = CostModel.Evaluate(owned, new CostOptions { Seed = 7 })[0];
        CostBreakdown other = CostModel.Evaluate(owned, new CostOptions { Seed = 8 })[0];

        PercentileRange range = once.CostPerMillionOutputTokensRange!;
        Assert.True(range.P10 < range.P50 && range.P50 < range.P90);
        Assert.Equal(range, again.CostPerMillionOutputTokensRange);
        Assert.NotEqual(range, other.CostPerMillionOutputTokensRange);
        // Cost is linear in the price, so its percentiles are the price's.
        double perPrice = CostModel.Evaluate(owned)[0].CostPerMillionOutputTokens!.Value;
        double atP90 = CostModel.Evaluate(owned with { Hardware = [owned.Hardware[0] with { Price = 100e3 + (0.9 * 52e3) }] })[0].CostPerMillionOutputTokens!.Value;
        Assert.Equal(atP90, range.P90, 0.02 * perPrice);
        Assert.Null(CostModel.Evaluate(Factories.Owned())[0].CostPerDayRange);
    }

    [Fact]
    public void Annuity_goes_smoothly_to_equal_parts_without_interest()
    {
        Assert.Equal(0.2, Annuity.PerYear(0, 5));
        Assert.Equal(0.2, Annuity.PerYear(1e-13, 5), 1e-12);
        Assert.Equal(0.2 + (0.6e-6), Annuity.PerYear(1e-6, 5), 1e-10);
        Assert.Equal(0.2504564546, Annuity.PerYear(0.08, 5), 1e-10);
    }
}
