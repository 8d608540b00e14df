using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;
using Xunit;

namespace TokenFactory.Core.Tests.Economics;

public class ComparisonModelTests
{
    [Fact]
    public void Newer_hardware_is_thirtyfive_times_cheaper_and_the_older_ties_at_four_cents()
    {
        IReadOnlyList<CostComparison> rows = ComparisonModel.Compare([Factories.WrongArchitecture()]);

        Assert.Equal(35.5, rows[1].CostRatio!.Value, 1);
        Assert.Equal(52, rows[1].TokensPerMegawattRatio!.Value, 0);
        // Published as 0.0398; the fourth digit is a half that rounds up.
        Assert.Equal(0.03975, rows[0].TiePrice!.Value);
        Assert.Equal(TieBasis.RatePerHour, rows[0].TieBasis);
        Assert.Equal(1.41 * 6000 / 90, rows[1].TiePrice!.Value, 1e-9);
        Assert.False(rows[0].Cheapest);
        Assert.True(rows[1].Cheapest);
    }

    [Fact]
    public void Free_hardware_that_energy_alone_makes_too_dear_has_a_negative_tie_and_says_so()
    {
        CostComparison h200 = ComparisonModel.Compare([Factories.WrongArchitecture(0.07)])[0];

        // Its energy is 0.1169 an hour; all of it may cost (2.65 + 0.1498) × 90 / 6000.
        Assert.Equal(((2.65 + 0.1498) * 90 / 6000) - 0.1169, h200.TiePrice!.Value, 1e-12);
        Assert.True(h200.TiePrice < 0);
        Assert.StartsWith("Even free, h200 is dearer than on-gb300", h200.Tie, StringComparison.Ordinal);
        Assert.Contains("its energy alone 0.117", h200.Tie, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tie_is_where_costs_are_equal()
    {
        FactoryDefinition owned = Factories.Owned();
        HardwareDefinition old = new() { Name = "old", Price = 30e3, AllInPowerWatts = 1500 };
        FactoryDefinition two = owned with
        {
            Finance = owned.Finance with { StaffCostPerYear = null },
            Hardware = [owned.Hardware[0] with { Count = null }, old],
            Tiers =
            [
                new TierDefinition { Name = "new", Hardware = "rubin", Production = [Factories.Point(4000)] },
                new TierDefinition { Name = "old", Hardware = "old", Production = [Factories.Point(700)] },
            ],
        };
        CostComparison row = ComparisonModel.Compare([two])[1];

        Assert.Equal(TieBasis.Price, row.TieBasis);
        Assert.True(row.TiePrice > 0);
        FactoryDefinition tied = two with { Hardware = [two.Hardware[0], old with { Price = row.TiePrice!.Value }] };
        IReadOnlyList<CostComparison> rows = ComparisonModel.Compare([tied]);
        Assert.Equal(rows[0].CostPerMillionOutputTokens!.Value, rows[1].CostPerMillionOutputTokens!.Value, 1e-9);
    }

    [Fact]
    public void Cheapest_depends_on_how_fast_a_user_wants_it()
    {
        FactoryDefinition factory = Factories.WrongArchitecture();
        factory = factory with
        {
            Tiers =
            [
                factory.Tiers[0] with { Production = [Factories.Point(90, interactivity: 30), Factories.Point(60, interactivity: 300)] },
                factory.Tiers[1] with { Production = [Factories.Point(6000, interactivity: 50), Factories.Point(1000, interactivity: 125)] },
            ],
        };

        IReadOnlyList<CostComparison> rows = ComparisonModel.Compare([factory]);

        Assert.Equal(["on-h200 @ 30", "on-h200 @ 300", "on-gb300 @ 50", "on-gb300 @ 125"], rows.Select(r => r.Subject));
        Assert.Equal([false, true, true, true], rows.Select(r => r.Cheapest));
        Assert.Equal((0, 50), (rows[2].CheapestAbove!.Value, rows[2].CheapestUpTo!.Value));
        Assert.Equal((50, 125), (rows[3].CheapestAbove!.Value, rows[3].CheapestUpTo!.Value));
        Assert.Equal((125, 300), (rows[1].CheapestAbove!.Value, rows[1].CheapestUpTo!.Value));
        Assert.Equal("on-gb300 @ 125", ComparisonModel.CheapestAt(rows, 100)!.Subject);
        Assert.Equal("on-gb300 @ 50", ComparisonModel.CheapestAt(rows, 0)!.Subject);
        Assert.Null(ComparisonModel.CheapestAt(rows, 301));
    }

    [Fact]
    public void Reference_is_what_ratios_refer_to()
    {
        IReadOnlyList<CostComparison> rows = ComparisonModel.Compare([Factories.WrongArchitecture()], reference: "GB300");

        Assert.Equal(1, rows[1].CostRatio!.Value, 1e-12);
        Assert.Equal(1 / 35.47, rows[0].CostRatio!.Value, 1e-4);
        Assert.Equal("ReferenceNotFound", Assert.Throws<TokenFactoryException>(
            () => ComparisonModel.Compare([Factories.WrongArchitecture()], reference: "h999")).ErrorId);
    }

    [Fact]
    public void Definitions_in_two_currencies_are_not_compared()
    {
        FactoryDefinition euro = Factories.WrongArchitecture() with { Currency = "EUR" };

        Assert.Equal("CurrencyMismatch", Assert.Throws<TokenFactoryException>(() => ComparisonModel.Compare([Factories.WrongArchitecture(), euro])).ErrorId);
        Assert.Equal(
            ["wrong-architecture/on-h200", "wrong-architecture/on-gb300", "other/on-h200", "other/on-gb300"],
            ComparisonModel.Compare([Factories.WrongArchitecture(), Factories.WrongArchitecture() with { Name = "other" }]).Select(r => r.Subject));
    }
}
