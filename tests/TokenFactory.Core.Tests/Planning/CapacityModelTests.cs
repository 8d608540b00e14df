using TokenFactory.Core.Catalog;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Planning;
using Xunit;

namespace TokenFactory.Core.Tests.Planning;

public class CapacityModelTests
{
    private static readonly DateOnly s_today = new(2027, 1, 1);

    private static HardwareDefinition Gpu(long? count = 10, double? watts = 1000, int unit = 1, string name = "gpu") =>
        new() { Name = name, Count = count, AllInPowerWatts = watts, UnitSize = unit };

    private static TierDefinition Tier(string name = "tier", double? demand = 1e6, double output = 100, ServiceLevel? service = null,
        double? interactivity = 50, double? ttft = 1, string? hardware = null, double? peak = null, GrowthRate[]? growth = null, double? share = null) => new()
        {
            Name = name,
            Hardware = hardware,
            Service = service ?? new(),
            Production = [new OperatingPoint { OutputTokensPerSecondPerAccelerator = output, Interactivity = interactivity, TtftSeconds = ttft }],
            Demand = demand is { } mean ? new DemandDefinition { MeanTokensPerDay = mean, PeakToMean = peak } : null,
            Growth = growth ?? [],
            PowerShare = share,
        };

    private static FactoryDefinition Factory(TierDefinition[] tiers, HardwareDefinition[]? hardware = null, SiteDefinition? site = null,
        double? utilization = null, OutlookDefinition? outlook = null) => new()
        {
            Name = "test",
            Hardware = hardware ?? [Gpu()],
            Tiers = tiers,
            Site = site ?? new(),
            Finance = new FinanceDefinition { Utilization = utilization },
            Outlook = outlook,
        };

    private static IReadOnlyList<CapacityVerdict> Judge(FactoryDefinition factory, double headroom = 0, DateOnly? until = null, OperatingPoint[]? points = null) =>
        CapacityModel.Evaluate(factory, new CapacityOptions { AsOf = s_today, RequiredHeadroom = headroom, Until = until, OperatingPoints = points ?? [] },
            TestContext.Current.CancellationToken);

    [Fact]
    public void One_tier_on_counted_hardware_can_sell_what_its_accelerators_make()
    {
        CapacityVerdict v = Assert.Single(Judge(Factory([Tier(demand: 43.2e6)])));
        Assert.Equal(10 * 100 * 86_400.0, v.CapacityTokensPerDay);
        Assert.Equal(1, v.Headroom!.Value, 9);
        Assert.True(v.Holds);
        Assert.Equal(CapacityLimit.Accelerators, v.FirstLimit);
        Assert.Equal("10 accelerators of gpu", v.LimitDetail);
        Assert.Equal(20, v.ConcurrentUsers!.Value, 9);
    }

    [Theory]
    [InlineData(0.75, null, 0.75)]
    [InlineData(null, 4.0, 0.25)]
    [InlineData(0.75, 4.0, 0.25)]
    [InlineData(0.2, 4.0, 0.2)]
    public void Utilization_and_peak_to_mean_cut_what_can_be_sold_by_the_lower_of_the_two(double? utilization, double? peak, double share)
    {
        CapacityVerdict v = Assert.Single(Judge(Factory([Tier(peak: peak)], utilization: utilization)));
        Assert.Equal(share * 86.4e6, v.CapacityTokensPerDay, 3);
    }

    [Fact]
    public void A_point_that_does_not_say_its_TTFT_is_reported_and_not_counted()
    {
        CapacityVerdict v = Assert.Single(Judge(Factory([Tier(ttft: null, service: new ServiceLevel { TtftSeconds = 2 })])));
        Assert.False(v.Holds);
        Assert.Equal(0, v.CapacityTokensPerDay);
        Assert.Equal(-1, v.Headroom);
        Assert.Equal(CapacityLimit.ServiceLevel, v.FirstLimit);
        Assert.Contains(v.Reasons, r => r.Contains("TTFT is unknown", StringComparison.Ordinal));
        Assert.Null(v.Source);
    }

    [Fact]
    public void The_fastest_volume_among_the_points_that_meet_the_service_level_counts()
    {
        OperatingPoint[] measured =
        [
            new() { OutputTokensPerSecondPerAccelerator = 500, Interactivity = 20, TtftSeconds = 1, Source = FigureSource.Measured },
            new() { OutputTokensPerSecondPerAccelerator = 200, Interactivity = 45, TtftSeconds = 1, Source = FigureSource.Measured },
            new() { OutputTokensPerSecondPerAccelerator = 300, Interactivity = 45, TtftSeconds = 9, Source = FigureSource.Measured },
        ];
        CapacityVerdict v = Assert.Single(Judge(Factory([Tier(service: new ServiceLevel { Interactivity = 40, TtftSeconds = 2 })]), points: measured));
        Assert.Equal(200 * 10 * 86_400.0, v.CapacityTokensPerDay);
        Assert.Equal(FigureSource.Measured, v.Source);
        Assert.Equal(2, v.Reasons.Count);
    }

    [Fact]
    public void Prefill_apart_shares_the_accelerators_so_that_both_keep_pace()
    {
        TierDefinition tier = Tier() with
        {
            Workload = new WorkloadProfile { InputTokens = 4000, OutputTokens = 1000, CacheHitRatio = 0.5 },
            Production = [new OperatingPoint { OutputTokensPerSecondPerAccelerator = 100, InputTokensPerSecondPerAccelerator = 200 }],
        };
        CapacityVerdict v = Assert.Single(Judge(Factory([tier])));

        // Two uncached input tokens an output token: 1/100 + 2/200 s of accelerator time each.
        Assert.Equal(10 * 50 * 86_400.0, v.CapacityTokensPerDay, 3);
    }

    [Fact]
    public void A_spare_rack_is_not_counted()
    {
        CapacityVerdict v = Assert.Single(Judge(Factory([Tier()], [Gpu(count: 144, unit: 72)], new SiteDefinition { SpareUnits = 1 })));
        Assert.Equal(72, v.Accelerators, 9);
        Assert.Contains("72 of them spare", v.LimitDetail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_spare_unit_of_hardware_to_be_bought_takes_power_too()
    {
        SiteDefinition site = new() { PowerWatts = 10_000, SpareUnits = 1 };
        CapacityVerdict v = Assert.Single(Judge(Factory([Tier()], [Gpu(count: null, unit: 2)], site)));
        Assert.Equal(8, v.Accelerators, 9);
        Assert.Equal(CapacityLimit.Power, v.FirstLimit);
    }

    [Theory]
    [InlineData(5_000, null, null, CapacityLimit.Power, 4)]
    [InlineData(50_000, 3, null, CapacityLimit.Racks, 12)]
    [InlineData(50_000, 30, 700_000.0, CapacityLimit.Budget, 4)]
    public void The_first_limit_is_the_one_that_binds(double power, int? racks, double? budget, CapacityLimit limit, double accelerators)
    {
        SiteDefinition site = new() { PowerWatts = power, Racks = racks, Budget = budget, FacilityCostPerMegawatt = 20e6 };
        HardwareDefinition hardware = Gpu(count: null, unit: 4) with { Price = 80_000 };
        CapacityVerdict v = Assert.Single(Judge(Factory([Tier()], [hardware], site)));
        Assert.Equal(limit, v.FirstLimit);
        Assert.Equal(accelerators, v.Accelerators, 9);
    }

    [Fact]
    public void Tiers_on_one_hardware_share_it_in_proportion_to_their_need()
    {
        IReadOnlyList<CapacityVerdict> v = Judge(Factory([Tier("a", 86_400 * 100), Tier("b", 86_400 * 300), Tier("open", demand: null)]));
        Assert.Equal(v[0].Headroom!.Value, v[1].Headroom!.Value, 9);
        Assert.Equal(1.5, v[0].Headroom!.Value, 9);
        Assert.Null(v[2].Headroom);

        // One and three accelerators serve the demands; six of ten are left.
        Assert.Equal(6, v[2].Accelerators, 9);
        Assert.True(v[2].Holds);
    }

    [Fact]
    public void A_tier_whose_own_hardware_is_full_does_not_hold_the_others_back()
    {
        HardwareDefinition[] hardware = [Gpu(count: 1, name: "small"), Gpu(count: null, name: "large")];
        IReadOnlyList<CapacityVerdict> v = Judge(Factory(
            [Tier("a", 8.64e6, hardware: "small"), Tier("b", 8.64e6, hardware: "large")], hardware, new SiteDefinition { PowerWatts = 5_000 }));
        Assert.Equal((CapacityLimit.Accelerators, 0.0), (v[0].FirstLimit, Math.Round(v[0].Headroom!.Value, 9)));
        Assert.Equal((CapacityLimit.Power, 3.0), (v[1].FirstLimit, Math.Round(v[1].Headroom!.Value, 9)));
    }

    [Fact]
    public void More_hardware_than_the_meter_feeds_is_limited_by_power()
    {
        CapacityVerdict v = Assert.Single(Judge(Factory([Tier()], site: new SiteDefinition { PowerWatts = 4_000 })));
        Assert.Equal((CapacityLimit.Power, 4.0), (v.FirstLimit, Math.Round(v.Accelerators, 9)));
    }

    [Fact]
    public void A_fixed_power_share_limits_its_tier_and_is_reserved_from_the_others()
    {
        IReadOnlyList<CapacityVerdict> v = Judge(Factory(
            [Tier("a", share: 0.25), Tier("b", demand: null)], [Gpu(count: null)], new SiteDefinition { PowerWatts = 8_000 }));
        Assert.Equal(2, v[0].Accelerators, 9);
        Assert.Equal(6, v[1].Accelerators, 9);
        Assert.Contains("25 %", v[0].LimitDetail, StringComparison.Ordinal);
    }

    [Fact]
    public void The_day_of_exhaustion_is_the_first_on_which_demand_is_above_capacity()
    {
        // Doubling each year, from half of the capacity: exhausted the day after one year of 365 days.
        FactoryDefinition factory = Factory([Tier(demand: 43.2e6, growth: [new GrowthRate(2, 1)])]);
        CapacityVerdict v = Assert.Single(Judge(factory, headroom: 0.2));
        Assert.Equal(new DateOnly(2028, 1, 2), v.ExhaustedOn);
        int days = (int)Math.Floor(Math.Log2(2 / 1.2) * 365);
        Assert.Equal(s_today.AddDays(days), v.HoldsUntil);
        Assert.True(v.Holds);
    }

    [Fact]
    public void Until_judges_the_worst_day()
    {
        OutlookDefinition outlook = new()
        {
            Start = s_today,
            Build = [new BuildStep(s_today, 10_000), new BuildStep(new DateOnly(2027, 6, 1), 2_000), new BuildStep(new DateOnly(2027, 7, 1), 20_000)],
        };
        FactoryDefinition factory = Factory([Tier(demand: 30e6)], [Gpu(count: null)], outlook: outlook);
        Assert.True(Judge(factory, until: new DateOnly(2027, 5, 31))[0].Holds);
        CapacityVerdict v = Judge(factory, until: new DateOnly(2027, 12, 31))[0];
        Assert.False(v.Holds);
        Assert.Equal(new DateOnly(2027, 6, 1), v.Date);
        Assert.Equal(new DateOnly(2027, 6, 1), v.ExhaustedOn);
        Assert.Equal(new DateOnly(2027, 5, 31), v.HoldsUntil);
    }

    [Fact]
    public void Faster_software_lifts_capacity_by_the_day_of_the_question()
    {
        OutlookDefinition outlook = new() { Start = s_today, SoftwareSpeedup = new GrowthRate(2, 1) };
        CapacityOptions inAYear = new() { AsOf = s_today.AddDays(365) };
        CapacityVerdict v = CapacityModel.Evaluate(Factory([Tier()], outlook: outlook), inAYear, TestContext.Current.CancellationToken)[0];
        Assert.Equal(2 * 86.4e6, v.CapacityTokensPerDay, 3);
    }

    [Fact]
    public void Hardware_without_any_limit_is_an_error_that_says_what_to_state()
    {
        TokenFactoryException e = Assert.Throws<TokenFactoryException>(() => Judge(Factory([Tier()], [Gpu(count: null)])));
        Assert.Equal("CapacityUnbounded", e.ErrorId);
        Assert.Contains("allInPower", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tier_without_any_point_says_so()
    {
        CapacityVerdict v = Assert.Single(Judge(Factory([Tier() with { Production = [] }])));
        Assert.Equal((CapacityLimit.OperatingPoint, false), (v.FirstLimit, v.Holds));
        Assert.Contains("no operating point", v.Explain(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_measured_point_of_another_model_is_not_counted_and_said()
    {
        TierDefinition tier = Tier() with { Model = "big", Production = [] };
        OperatingPoint other = new() { Model = "small", OutputTokensPerSecondPerAccelerator = 1 };
        CapacityVerdict v = Assert.Single(Judge(Factory([tier]), points: [other]));
        Assert.Equal(CapacityLimit.OperatingPoint, v.FirstLimit);
        Assert.Contains(v.Reasons, r => r.Contains("'small'", StringComparison.Ordinal));
    }

    [Fact]
    public void The_sentence_of_a_failed_verdict_names_tier_limit_and_figures()
    {
        string text = Judge(Factory([Tier("premium", 86.4e6 * 2)]), headroom: 0.2)[0].Explain();
        Assert.Equal("Tier 'premium' does not hold: capacity 86.4 Mtok/day against a demand of 172.8 Mtok/day on 2027-01-01, headroom -50 % where 20 % is asked; "
            + "first limit Accelerators: 10 accelerators of gpu; exhausted on 2027-01-01.", text);
    }

    [Fact]
    public void A_tier_that_may_run_on_two_kinds_of_hardware_uses_both()
    {
        HardwareDefinition[] hardware = [Gpu(count: 4, name: "old"), Gpu(count: 2, name: "new")];
        TierDefinition anywhere = Tier("anywhere", 86_400 * 300) with
        {
            Production =
            [
                new OperatingPoint { OutputTokensPerSecondPerAccelerator = 50, Accelerator = "old" },
                new OperatingPoint { OutputTokensPerSecondPerAccelerator = 200, Accelerator = "new" },
            ],
        };
        CapacityVerdict alone = Assert.Single(Judge(Factory([anywhere], hardware)));
        Assert.Equal(86_400.0 * 600, alone.CapacityTokensPerDay, 1);
        Assert.Equal(("old + new", 6), (alone.Hardware, Math.Round(alone.Accelerators, 6)));

        // The other needs the new hardware, 200 of its 400 tok/s: both may double, and then the old is full of the first.
        TierDefinition picky = Tier("picky", 86_400 * 100, output: 200, hardware: "new");
        IReadOnlyList<CapacityVerdict> both = Judge(Factory([anywhere, picky], hardware));
        Assert.Equal(0.5, both[0].Headroom!.Value, 6);
        Assert.Equal(0.5, both[1].Headroom!.Value, 6);
        Assert.All(both, v => Assert.Equal(CapacityLimit.Accelerators, v.FirstLimit));
    }

    [Fact]
    public void One_tier_may_go_on_when_the_other_is_stopped_by_its_own_hardware()
    {
        HardwareDefinition[] hardware = [Gpu(count: 1, name: "old"), Gpu(count: 8, name: "new")];
        TierDefinition anywhere = Tier("anywhere", 86_400 * 100);
        TierDefinition stuck = Tier("stuck", 86_400 * 50, hardware: "old");
        IReadOnlyList<CapacityVerdict> v = Judge(Factory([anywhere, stuck], hardware));
        Assert.Equal(1, v[1].Headroom!.Value, 6);
        Assert.Equal(7, v[0].Headroom!.Value, 6);
    }

    [Theory]
    [InlineData(8, 24)] // 31.5 accelerators fit the meter: three racks of eight
    [InlineData(1, 31)]
    [InlineData(72, 0)]
    public void Hardware_to_be_bought_comes_in_whole_units(int unit, double accelerators)
    {
        CapacityVerdict v = Assert.Single(Judge(Factory([Tier()], [Gpu(count: null, unit: unit)], new SiteDefinition { PowerWatts = 31_500 })));
        Assert.Equal(accelerators, v.Accelerators, 6);
        Assert.Equal(accelerators * 100 * 86_400, v.CapacityTokensPerDay, 1);
        Assert.Equal(CapacityLimit.Power, v.FirstLimit);
        Assert.Contains($"{accelerators / unit:0} whole units of {unit} gpu", v.LimitDetail, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_tiers_share_whole_units()
    {
        IReadOnlyList<CapacityVerdict> v = Judge(Factory([Tier("a"), Tier("b", demand: 3e6)], [Gpu(count: null, unit: 8)], new SiteDefinition { PowerWatts = 23_000 }));
        Assert.Equal([4, 12], v.Select(t => Math.Round(t.Accelerators, 6)));
    }

    [Fact]
    public void What_rounding_leaves_goes_to_the_kind_with_the_largest_fraction()
    {
        TierDefinition[] tiers = [Tier("a", hardware: "x", demand: 1e6), Tier("b", hardware: "y", demand: 2e6)];
        IReadOnlyList<CapacityVerdict> v = Judge(Factory(tiers, [Gpu(count: null, unit: 8, name: "x"), Gpu(count: null, unit: 8, name: "y")], new SiteDefinition { Racks = 5 }));
        Assert.Equal([16, 24], v.Select(t => Math.Round(t.Accelerators, 6)));
    }

    [Fact]
    public void Where_power_is_short_a_more_sparing_point_makes_more()
    {
        TierDefinition tier = Tier() with
        {
            Production =
            [
                new OperatingPoint { OutputTokensPerSecondPerAccelerator = 100, PowerWattsPerAccelerator = 1000 },
                new OperatingPoint { OutputTokensPerSecondPerAccelerator = 82, PowerWattsPerAccelerator = 700 },
            ],
        };
        CapacityVerdict v = Assert.Single(Judge(Factory([tier], [Gpu(count: 10)], new SiteDefinition { PowerWatts = 7_000 })));
        Assert.Equal(86_400.0 * 820, v.CapacityTokensPerDay, 1);
        Assert.Equal(82, v.OperatingPoint!.OutputTokensPerSecondPerAccelerator.Value);
    }

    [Fact]
    public void A_range_of_throughput_gives_the_band_of_capacity_and_the_chance_to_hold()
    {
        TierDefinition tier = Tier(demand: 86_400 * 1000) with { Production = [new OperatingPoint { OutputTokensPerSecondPerAccelerator = Core.Quantities.Estimate.Uniform(80, 130), Interactivity = 50, TtftSeconds = 1 }] };
        FactoryDefinition factory = Factory([tier]);
        CapacityVerdict v = Assert.Single(CapacityModel.Evaluate(factory, new CapacityOptions { AsOf = s_today, Draws = 4000 }, TestContext.Current.CancellationToken));
        Assert.Equal(105 * 864_000.0, v.CapacityTokensPerDay, 1);
        Assert.True(v.Holds);

        // Uniform from 80 to 130: its tenth is 85, its nine tenths 125, and three fifths of it are at least 100.
        Assert.Equal(85 * 864_000.0, v.CapacityTokensPerDayRange!.P10, 864_000.0);
        Assert.Equal(125 * 864_000.0, v.CapacityTokensPerDayRange.P90, 864_000.0);
        Assert.Equal(0.25, v.HeadroomRange!.P90, 0.01);
        Assert.Equal(0.6, v.HoldsProbability!.Value, 0.03);
        Assert.Equal(v.DemandTokensPerDay, v.DemandTokensPerDayRange!.P10);

        CapacityVerdict plain = Assert.Single(Judge(factory));
        Assert.Equal((0, (double?)null), (plain.Draws, plain.HoldsProbability));
        Assert.Null(plain.HeadroomRange);
    }
}
