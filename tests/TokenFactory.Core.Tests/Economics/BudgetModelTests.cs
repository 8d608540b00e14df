using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;
using TokenFactory.Core.Quantities;
using Xunit;

namespace TokenFactory.Core.Tests.Economics;

public class BudgetModelTests
{
    private static FactoryDefinition Researcher(double people = 1, int unit = 1, long? count = null) => new()
    {
        Name = "budget",
        Hardware = [new HardwareDefinition { Name = "rent", RatePerHour = 3, UnitSize = unit, Count = count }],
        Tiers = [new TierDefinition { Name = "ultra", Price = Factories.Price(150), Production = [Factories.Point(100)] }],
        People = [new RoleDefinition { Name = "researcher", People = people, TokensPerPersonPerDay = 50e6 }],
    };

    [Fact]
    public void Fifty_million_tokens_a_day_at_150_a_million_are_7500()
    {
        BudgetLine line = Assert.Single(BudgetModel.Evaluate(Researcher()));

        Assert.Equal(7500, line.PriceCostPerDay!.Value, 1e-9);
        // 100 tok/s are 8.64 M a day: six whole accelerators at 72 a day.
        Assert.Equal(6, line.Accelerators);
        Assert.Equal(6 * 72, line.OwnCostPerDay!.Value, 1e-9);
        Assert.Equal(MakeOrBuy.Make, line.Verdict);
        Assert.Equal(72 / 150e-6, line.BreakEvenTokensPerDay!.Value, 1e-3);
        Assert.Equal(7500 - 432, line.SavingPerDay!.Value, 1e-9);
    }

    [Fact]
    public void Break_even_is_where_making_costs_what_buying_does()
    {
        double breakEven = BudgetModel.Evaluate(Researcher(unit: 8))[0].BreakEvenTokensPerDay!.Value;
        RoleDefinition Uses(double tokens) => new() { Name = "r", TokensPerPersonPerDay = tokens };

        Assert.Equal(MakeOrBuy.Buy, BudgetModel.Evaluate(Researcher(unit: 8), [Uses(breakEven * 0.99)])[0].Verdict);
        Assert.Equal(MakeOrBuy.Make, BudgetModel.Evaluate(Researcher(unit: 8), [Uses(breakEven * 1.01)])[0].Verdict);
    }

    [Fact]
    public void Roles_of_a_tier_share_its_units_by_tokens()
    {
        FactoryDefinition two = Researcher() with
        {
            People = [new RoleDefinition { Name = "a", People = 2, TokensPerPersonPerDay = 1e6 }, new RoleDefinition { Name = "b", TokensPerPersonPerDay = 6e6 }],
        };

        IReadOnlyList<BudgetLine> lines = BudgetModel.Evaluate(two);

        Assert.Equal(72, lines.Sum(l => l.OwnCostPerDay!.Value), 1e-9);
        Assert.Equal(18, lines[0].OwnCostPerDay!.Value, 1e-9);
        Assert.Equal(150, lines[0].PriceCostPerPersonPerDay!.Value, 1e-9);
    }

    [Fact]
    public void What_counted_hardware_cannot_make_is_bought()
    {
        BudgetLine line = Assert.Single(BudgetModel.Evaluate(Researcher(count: 2)));

        Assert.Equal((2 * 72) + ((50e6 - 17.28e6) * 150e-6), line.OwnCostPerDay!.Value, 1e-6);
        Assert.Contains(line.Notes, n => n.Contains("the rest is bought", StringComparison.Ordinal));
    }

    [Fact]
    public void Hardware_dearer_than_the_price_never_breaks_even()
    {
        FactoryDefinition cheap = Researcher();
        cheap = cheap with { Tiers = [cheap.Tiers[0] with { Price = Factories.Price(5) }] };

        BudgetLine line = Assert.Single(BudgetModel.Evaluate(cheap));

        Assert.Null(line.BreakEvenTokensPerDay);
        Assert.Equal(MakeOrBuy.Buy, line.Verdict);
        Assert.Contains(line.Notes, n => n.StartsWith("Own hardware never breaks even", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_hardware_the_price_stands_alone()
    {
        BudgetLine line = Assert.Single(BudgetModel.Evaluate(Researcher() with { Hardware = [] }));

        Assert.Equal(7500, line.PriceCostPerDay!.Value, 1e-9);
        Assert.Null(line.OwnCostPerDay);
        Assert.Equal(MakeOrBuy.Unknown, line.Verdict);
        Assert.NotEmpty(line.Notes);
    }

    [Fact]
    public void Ranges_of_use_become_ranges_of_cost()
    {
        BudgetLine line = BudgetModel.Evaluate(Researcher(), [new RoleDefinition { Name = "r", TokensPerPersonPerDay = Estimate.Uniform(40e6, 60e6) }])[0];

        Assert.Equal(7500, line.PriceCostPerDayRange!.P50, 100.0);
        Assert.Equal(7500 - 1200, line.PriceCostPerDayRange.P10, 100.0);
    }
}
