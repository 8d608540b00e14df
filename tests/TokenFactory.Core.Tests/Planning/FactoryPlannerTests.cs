using TokenFactory.Core.Definitions;
using TokenFactory.Core.Planning;
using Xunit;
using static TokenFactory.Core.Tests.Planning.PlanBuilder;

namespace TokenFactory.Core.Tests.Planning;

public class FactoryPlannerTests
{
    private const double Day = 86_400;

    private static FactoryPlan Plan(FactoryDefinition factory, PlanObjective objective = PlanObjective.Revenue, PlanOptions? options = null) =>
        FactoryPlanner.Optimize(factory, (options ?? new PlanOptions()) with { Objective = objective }, TestContext.Current.CancellationToken);

    private static ShadowPrice Shadow(FactoryPlan plan, string resource, string? name = null) =>
        Assert.Single(plan.ShadowPrices, s => s.Resource == resource && (name is null || s.Name == name));

    [Fact]
    public void Power_goes_to_the_tier_that_earns_most_for_it_until_its_demand_is_full()
    {
        FactoryDefinition factory = Factory([Bought()],
            [Tier("cheap", 1, Point(1000)), Tier("dear", 100, Point(20)).Selling(most: 20 * Day * 3)], new SiteDefinition { PowerWatts = 10_000 });
        FactoryPlan plan = Plan(factory);
        Assert.Equal((7, 3), (plan.Allocations[0].Accelerators, plan.Allocations[1].Accelerators));
        Assert.Equal(((7 * 1000 * 1) + (3 * 20 * 100)) * Day / 1e6, plan.RevenuePerDay, 6);
        Assert.Equal(plan.RevenuePerDay, plan.Allocations.Sum(a => a.RevenuePerDay), 6);
        Assert.Equal(10_000, plan.PowerWatts, 6);

        // A megawatt more is a thousand accelerators of the cheap tier; a dear user moves 50/20 accelerators from cheap to dear.
        Assert.Equal(1000 * 1000 * Day / 1e6, Shadow(plan, "Power").ValuePerDay, 1e-5 * 86_400);
        Assert.Equal(ShadowPriceMethod.RelaxationDual, Shadow(plan, "Power").Method);
        Assert.Equal(50 * Day / 1e6 * (100 - 50), Shadow(plan, "User", "dear").ValuePerDay, 2);
        Assert.True(Assert.Single(plan.Limits, l => l.Kind == PlanLimitKind.Power).Binds);
        Assert.True(Assert.Single(plan.Limits, l => l.Kind == PlanLimitKind.MaximumDemand).Binds);
    }

    [Fact]
    public void Racks_are_bought_whole_and_shared_by_tiers()
    {
        FactoryDefinition factory = Factory([Bought(unit: 4)],
            [Tier("a", 1, Point(100)), Tier("b", 10, Point(50)).Selling(most: 50 * Day)], new SiteDefinition { PowerWatts = 11_000 });
        FactoryPlan plan = Plan(factory);
        PlanHardware hardware = Assert.Single(plan.Hardware);
        Assert.Equal((2, 8, 8_000.0), (hardware.Units, hardware.Accelerators, plan.PowerWatts));
        Assert.Equal((7, 1), (plan.Allocations[0].Accelerators, plan.Allocations[1].Accelerators));
        Assert.True(plan.RelaxationValue > plan.ObjectiveValue);
        Assert.Equal(plan.ObjectiveValue, plan.ObjectiveBound, 1e-3 * plan.ObjectiveValue);
    }

    [Fact]
    public void Points_that_miss_the_service_level_or_do_not_say_it_are_not_used()
    {
        TierDefinition tier = Tier("t", 1, Point(1000, interactivity: 10), Point(500, ttft: null), Point(200)) with
        {
            Service = new ServiceLevel { Interactivity = 40, TtftSeconds = 2 },
        };
        FactoryPlan plan = Plan(Factory([There(2)], [tier]));
        Assert.Equal(200 * 2 * Day, plan.TokensPerDay, 3);
    }

    [Fact]
    public void A_looser_service_level_is_worth_what_the_points_it_opens_earn()
    {
        TierDefinition tier = Tier("t", 1, Point(300, interactivity: 37), Point(200, interactivity: 41)) with { Service = new ServiceLevel { Interactivity = 40 } };
        ShadowPrice price = Shadow(Plan(Factory([There(2)], [tier])), "Interactivity", "t");
        Assert.Equal(100 * 2 * Day / 1e6, price.ValuePerDay, 6);
        Assert.Equal(ShadowPriceMethod.RelaxationSolvedAgain, price.Method);
    }

    [Fact]
    public void Fixed_shares_of_power_are_filled_even_by_a_tier_that_earns_nothing()
    {
        TierDefinition[] tiers = [Tier("free", 0, Point(1000)) with { PowerShare = 0.25 }, Tier("paid", 5, Point(100)) with { PowerShare = 0.75 }, Tier("ultra", 100, Point(50))];
        FactoryDefinition factory = Factory([Bought(unit: 4)], tiers, new SiteDefinition { PowerWatts = 16_000 });
        FactoryPlan fixedSplit = Plan(factory);
        Assert.Equal([4, 12, 0], fixedSplit.Allocations.Select(a => a.Accelerators));
        Assert.Equal(0.25, fixedSplit.Allocations[0].PowerShare!.Value, 6);

        // A megawatt more is 750 accelerators of the paid tier.
        Assert.Equal(750 * 100 * 5 * Day / 1e6, Shadow(fixedSplit, "Power").ValuePerDay, 1e-3 * 32_400);
        FactoryPlan own = Plan(factory, options: new PlanOptions { IgnorePowerShares = true });
        Assert.Equal([0, 0, 16], own.Allocations.Select(a => a.Accelerators));
        Assert.True(own.RevenuePerDay > fixedSplit.RevenuePerDay);
    }

    [Fact]
    public void A_spare_unit_of_each_hardware_that_is_used_stands_by()
    {
        FactoryDefinition factory = Factory([Bought("a", unit: 2), Bought("b", unit: 2, watts: 500)],
            [Tier("t", 1, Point(100, on: "a"), Point(55, on: "b"))], new SiteDefinition { PowerWatts = 8_000, SpareUnits = 1 });

        // a: 4 racks, one spare, 6 accelerators of 100; b: 8 racks, one spare, 14 of 55; both: two spares.
        FactoryPlan plan = Plan(factory);
        PlanHardware hardware = Assert.Single(plan.Hardware);
        Assert.Equal(("b", 8, 1), (hardware.Hardware, hardware.Units, hardware.SpareUnits));
        Assert.Equal(14 * 55 * Day, plan.TokensPerDay, 3);
        Assert.Equal(16 * 55 * Day, Plan(factory, options: new PlanOptions { SpareUnits = 0 }).TokensPerDay, 3);
    }

    [Fact]
    public void The_least_cost_serves_the_demand_with_the_cheapest_mix()
    {
        FactoryDefinition factory = Factory([Bought("dear", price: 3650), Bought("cheap", price: 365)],
            [Tier("t", 0, Point(100, on: "dear"), Point(50, on: "cheap")).Selling(mean: 300 * Day)], new SiteDefinition { Racks = 4 });

        // Four racks: 2 dear and 2 cheap make exactly 300 tok/s at 10 and 1 a day each; a fifth rack would let one dear and four cheap do it.
        FactoryPlan plan = Plan(factory, PlanObjective.Cost);
        Assert.Equal(22, plan.CostPerDay!.Value, 6);
        Assert.Equal(22, plan.ObjectiveValue, 6);
        Assert.Equal(22, plan.Allocations.Sum(a => a.CostPerDay!.Value), 6);
        Assert.Equal(8.0, Shadow(plan, "Rack").ValuePerDay, 6);
        Assert.True(Shadow(plan, "User", "t").ValuePerDay < 0);
    }

    [Fact]
    public void Margin_leaves_hardware_unbought_that_does_not_earn_its_cost()
    {
        FactoryDefinition factory = Factory([Bought(price: 365_000)], [Tier("t", 100, Point(100))], new SiteDefinition { PowerWatts = 10_000 });

        // An accelerator earns 864 a day and costs 1,000.
        FactoryPlan plan = Plan(factory, PlanObjective.Margin);
        Assert.Equal((0.0, 0.0), (plan.RevenuePerDay, plan.CostPerDay!.Value));
        Assert.Empty(plan.Hardware);
        FactoryPlan revenue = Plan(factory);
        Assert.Equal(-1360, revenue.ProfitPerDay!.Value, 6);
    }

    [Fact]
    public void Budget_counts_the_facility_of_what_is_bought()
    {
        SiteDefinition site = new() { Budget = 1_000_000, FacilityCostPerMegawatt = 20e6, PowerWatts = 1e6 };
        FactoryPlan plan = Plan(Factory([Bought(price: 80_000, unit: 2)], [Tier("t", 1, Point(100))], site));
        Assert.Equal((5, 1_000_000), (Assert.Single(plan.Hardware).Units, plan.Capital));
        Assert.True(Assert.Single(plan.Limits, l => l.Kind == PlanLimitKind.Budget).Binds);
    }

    [Fact]
    public void Utilization_and_peaks_cut_what_is_sold()
    {
        FactoryDefinition factory = Factory([There(10)], [Tier("t", 1, Point(100)).Selling(mean: 1e12, peak: 4)], finance: new FinanceDefinition { Utilization = 0.75, LifetimeYears = 1 });
        Assert.Equal(10 * 100 * Day / 4, Plan(factory).TokensPerDay, 3);
    }

    [Fact]
    public void More_hardware_than_the_meter_feeds_is_switched_off()
    {
        FactoryDefinition factory = Factory([There(8, "old", watts: 2000, unit: 2), There(8, "new", unit: 2)],
            [Tier("t", 1, Point(100, on: "old"), Point(100, on: "new"))], new SiteDefinition { PowerWatts = 12_000 });
        FactoryPlan plan = Plan(factory);
        Assert.Equal(10 * 100 * Day, plan.TokensPerDay, 3);
        Assert.Equal(12_000, plan.PowerWatts, 6);
    }

    [Fact]
    public void Demands_that_clash_are_named_with_what_is_missing()
    {
        FactoryDefinition factory = Factory([There(10)],
            [Tier("a", 1, Point(100)).Selling(least: 600 * Day), Tier("b", 1, Point(100)).Selling(least: 600 * Day), Tier("c", 1, Point(100))]);
        PlanInfeasibleException e = Assert.Throws<PlanInfeasibleException>(() => Plan(factory));
        Assert.Equal("PlanInfeasible", e.ErrorId);
        Assert.Equal(["a", "b"], e.Shortfalls.Where(s => s.Clashes).Select(s => s.Tier));
        Assert.Equal(200 * Day, e.Shortfalls.Sum(s => s.ShortfallTokensPerDay), 1);
        Assert.All(e.Shortfalls, s => Assert.Equal(600 * Day, s.AloneTokensPerDay, 1));
        Assert.Contains("gpu (10 accelerators)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_demand_that_only_whole_racks_make_impossible_is_explained_too()
    {
        FactoryDefinition factory = Factory([Bought(unit: 4)], [Tier("a", 1, Point(100)).Selling(least: 500 * Day)], new SiteDefinition { PowerWatts = 6_000 });
        PlanInfeasibleException e = Assert.Throws<PlanInfeasibleException>(() => Plan(factory));
        DemandShortfall shortfall = Assert.Single(e.Shortfalls);
        Assert.Equal(100 * Day, shortfall.ShortfallTokensPerDay, 1);
        Assert.True(shortfall.Clashes);
    }

    [Fact]
    public void A_demand_whose_service_level_no_point_meets_says_why()
    {
        TierDefinition tier = Tier("t", 1, Point(100, ttft: null)).Selling(least: 1) with { Service = new ServiceLevel { TtftSeconds = 1 } };
        PlanInfeasibleException e = Assert.Throws<PlanInfeasibleException>(() => Plan(Factory([There(1)], [tier])));
        Assert.Contains("TTFT is unknown", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PlanObjective.Revenue)]
    [InlineData(PlanObjective.Margin)]
    [InlineData(PlanObjective.Tokens)]
    public void A_factory_without_any_limit_is_an_error(PlanObjective objective)
    {
        TokenFactoryException e = Assert.Throws<TokenFactoryException>(() => Plan(Factory([Bought()], [Tier("t", 1, Point(100))]), objective));
        Assert.Equal("PlanUnbounded", e.ErrorId);
    }

    [Fact]
    public void Least_cost_without_a_demand_is_an_error() =>
        Assert.Equal("PlanWithoutDemand",
            Assert.Throws<TokenFactoryException>(() => Plan(Factory([There(1)], [Tier("t", 1, Point(1))]), PlanObjective.Cost)).ErrorId);

    [Fact]
    public void Revenue_needs_no_prices_of_hardware()
    {
        HardwareDefinition unpriced = There(1) with { Price = null };
        FactoryPlan plan = Plan(Factory([unpriced], [Tier("t", 1, Point(100))]));
        Assert.Null(plan.CostPerDay);
        Assert.Null(plan.ProfitPerDay);
        Assert.Contains(plan.Notes, n => n.StartsWith("Cost is not reckoned", StringComparison.Ordinal));
        Assert.Equal("HardwarePriceMissing",
            Assert.Throws<TokenFactoryException>(() => Plan(Factory([unpriced], [Tier("t", 1, Point(100))]), PlanObjective.Margin)).ErrorId);
    }

    [Fact]
    public void A_cancelled_plan_ends_at_once()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => FactoryPlanner.Optimize(Gigawatt(5), null, source.Token));
    }

    [Fact]
    public void The_same_definition_gives_the_same_plan_and_keeps_every_limit()
    {
        FactoryDefinition factory = Gigawatt(40);
        FactoryPlan one = Plan(factory, PlanObjective.Margin);
        FactoryPlan two = Plan(factory, PlanObjective.Margin);
        Assert.Equal(one.Allocations.Select(a => (a.Tier, a.Hardware, a.Accelerators)), two.Allocations.Select(a => (a.Tier, a.Hardware, a.Accelerators)));
        Assert.True(one.Gap <= 1e-3, $"gap {one.Gap}");
        Assert.All(one.Limits, l => Assert.True(l.Kind == PlanLimitKind.MinimumDemand
            ? l.Used >= l.Available * (1 - 1e-6)
            : l.Used <= l.Available * (1 + 1e-6), $"{l}"));
        Assert.All(one.Hardware, h => Assert.Equal(Math.Round(h.Units), h.Units));
        Assert.Equal(one.CostPerDay!.Value, one.Allocations.Sum(a => a.CostPerDay!.Value), 1e-6 * one.CostPerDay.Value);
        Assert.Equal(one.RevenuePerDay, one.Allocations.Sum(a => a.RevenuePerDay), 1e-6 * one.RevenuePerDay);
    }

    [Theory]
    [InlineData(4e6, 9e6, 4e6)]
    [InlineData(null, 9e6, 9e6)]
    [InlineData(4e6, null, 4e6)]
    [InlineData(9e6, 4e6, 4e6)]
    public void Plan_and_cost_sell_the_same_demand(double? mean, double? most, double sold)
    {
        FactoryDefinition factory = PlanBuilder.Factory([PlanBuilder.There(10)], [PlanBuilder.Tier("t", 5, PlanBuilder.Point(100)).Selling(most, mean: mean)]);
        Assert.Equal(sold, FactoryPlanner.Optimize(factory).TokensPerDay, 1);
        Assert.Equal(sold, Core.Economics.CostModel.Evaluate(factory)[0].OutputTokensPerDay, 1);
    }

    [Fact]
    public void A_range_of_demand_gives_the_band_of_the_best_plans()
    {
        TierDefinition tier = Tier("t", 5, Point(100)) with { Demand = new DemandDefinition { MaxTokensPerDay = Core.Quantities.Estimate.Uniform(100e6, 200e6) } };
        FactoryPlan plan = FactoryPlanner.Optimize(Factory([There(20)], [tier]), new PlanOptions { Draws = 400, ShadowPrices = false });

        // Twenty accelerators make 172.8 million: what is asked for above that is not sold.
        Assert.Equal(150e6, plan.TokensPerDay, 1);
        Assert.Equal(110e6, plan.TokensPerDayRange!.P10, 4e6);
        Assert.Equal(172.8e6, plan.TokensPerDayRange.P90, 1);
        Assert.Equal(plan.TokensPerDayRange.P50 * 5e-6, plan.RevenuePerDayRange!.P50, 1e-6);
        Assert.Equal((400, 0.0), (plan.Draws, plan.InfeasibleProbability));

        tier = tier with { Demand = new DemandDefinition { MinTokensPerDay = Core.Quantities.Estimate.Uniform(100e6, 200e6) } };
        plan = FactoryPlanner.Optimize(Factory([There(20)], [tier]), new PlanOptions { Draws = 400, ShadowPrices = false });
        Assert.Equal(0.272, plan.InfeasibleProbability!.Value, 0.07);
    }
}
