using System.Globalization;
using TokenFactory.Core.Catalog;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Quantities;
using Xunit;

namespace TokenFactory.Core.Tests.Definitions;

public sealed class FactoryReaderTests
{
    private static readonly FactoryReaderOptions s_options = new() { Catalog = FigureCatalog.BuiltIn };

    [Fact]
    public void Reads_every_section_in_base_units()
    {
        FactoryDefinition factory = Read(FullDefinition.Yaml);
        Assert.Equal("gigawatt", factory.Name);
        Assert.Equal(1e9, factory.Site.PowerWatts!.Value.Value);
        Assert.Equal(0.07, factory.Site.EnergyPricePerKilowattHour!.Value.Value);
        Assert.Equal(12e6, factory.Site.FacilityCostPerMegawatt!.Value.Value);
        Assert.Equal((3500, 1), (factory.Site.Racks, factory.Site.SpareUnits));
        Assert.Equal((5, 20, 0.08, 0.75, 12e6), (factory.Finance.LifetimeYears!.Value.Value, factory.Finance.FacilityLifetimeYears!.Value.Value,
            factory.Finance.DiscountRate!.Value.Value, factory.Finance.Utilization!.Value.Value, factory.Finance.StaffCostPerYear!.Value.Value));
        HardwareDefinition rubin = factory.Hardware[0];
        Assert.Equal(("Vera Rubin NVL72", 200_000L, 72), (rubin.Accelerator!.Name, rubin.Count, rubin.UnitSize));
        Assert.Equal(EstimateShape.Uniform, rubin.Price!.Value.Shape);
        Assert.Equal((192e9, 2.5e15, FigureSource.Declared), (factory.Hardware[1].Accelerator!.MemoryBytes, factory.Hardware[1].Accelerator!.OperationsPerSecond["bf16"],
            factory.Hardware[1].Accelerator!.Source));
        Assert.Equal(Estimate.Triangular(1, 1.5, 3), factory.Hardware[1].RatePerHour);
        Assert.Equal(("deepseek-v3", "nvfp4"), (factory.Models[0].Architecture!.Name, factory.Models[0].Precision));
        Assert.Equal(8.03e9, factory.Models[1].Architecture!.Parameters, 0.01e9);
        TierDefinition premium = factory.Tiers[0];
        Assert.Equal((400_000L, "8.5", 45d, 0.9), (premium.ContextTokens, premium.Quality, premium.Price.OutputPerMillionTokens!.Value.Value, premium.Price.CachedInputPerMillionTokens!.Value.Value));
        Assert.Equal((32_000, 2_000, 0.6), (premium.Workload!.InputTokens, premium.Workload.OutputTokens, premium.Workload.CacheHitRatio));
        Assert.Equal((2d, 100d, 0.25), (premium.Service.TtftSeconds, premium.Service.Interactivity, premium.PowerShare));
        OperatingPoint point = Assert.Single(premium.Production);
        Assert.Equal((1850d, 105d, true, "a run", "big"), (point.OutputTokensPerSecondPerAccelerator.Value, point.Interactivity, point.Assumed, point.SourceDetail, point.Model));
        TierDefinition free = factory.Tiers[1];
        Assert.Equal("chat", free.Workload!.Name);
        Assert.Equal((14_800d, 32_200d, 0.3, "own"), (free.Production[0].OutputTokensPerSecondPerAccelerator.Value, free.Production[0].InputTokensPerSecondPerAccelerator!.Value.Value,
            free.Production[0].TtftSeconds, free.Production[0].Accelerator));
        Assert.Equal((1e12, 1e11, 2e12, 2.5), (free.Demand!.MeanTokensPerDay!.Value.Value, free.Demand.MinTokensPerDay!.Value.Value, free.Demand.MaxTokensPerDay!.Value.Value, free.Demand.PeakToMean!.Value.Value));
        Assert.Equal(1e6, free.Growth.Aggregate(1.0, (f, g) => f * g.After(2)), 1e-3);
        Assert.Equal(0.5, free.PriceChange!.Value.After(1), 1e-12);
        Assert.Equal(("researcher", 20d, 50e6, "premium"), (factory.People[0].Name, factory.People[0].People.Value, factory.People[0].TokensPerPersonPerDay.Value, factory.People[0].Tier));
        Assert.Equal((3, 12, new DateOnly(2027, 1, 1)), (factory.Outlook!.PeriodMonths, factory.Outlook.PeriodCount, factory.Outlook.Start));
        Assert.Equal([250e6, 1e9], factory.Outlook.Build.Select(b => b.PowerWatts.Value));
    }

    [Fact]
    public void Every_mistake_of_a_file_is_reported_at_once_with_its_place()
    {
        const string Yaml = """
            factory: bad
            site:
              pwoer: 1 GW
              energyPrice: 0.07 EUR/kWh
              pue: 0.5
            hardware:
              - name: h
                accelerator: H20O
                allInPower: 3 kWh
                count: 1.5
            tiers:
              - name: a
                hardware: x
                growth: 12 %
              - price: {}
                power: 150 %
            """;
        DefinitionException e = Assert.Throws<DefinitionException>(() => Read(Yaml));
        Assert.Equal("DefinitionInvalid", e.ErrorId);
        Assert.Equal(
        [
            "3:3 site: has no key 'pwoer'; did you mean 'power'?",
            "4:16 site.energyPrice: is in EUR, but the definition's currency is USD: convert it, or set currency: EUR",
            "5:8 site.pue: wants at least 1; got 0.5",
            "8:18 hardware.h.accelerator: names no accelerator: 'H20O'; did you mean 'H20'? (Get-TokenFactoryAccelerator lists them; its figures can stand here instead)",
            "9:17 hardware.h.allInPower: wants W, kW, MW or GW; got '3 kWh'",
            "10:12 hardware.h.count: wants a whole number of accelerators; got 1.5, which is not whole",
            "13:15 tiers.a.hardware: names no hardware: 'x'; did you mean 'h'? (hardware of this definition)",
            "14:13 tiers.a.growth: wants growth over time, such as 12 %/month or 10000 x/2 years; got '12 %'",
            "15:5 tiers.1: lacks 'name': the grade's name.",
            "16:12 tiers.1.power: wants 0 % to 100 %; got '150 %'",
        ], e.Problems.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Line}:{p.Column} {p.Path}: {p.Message}")));
        Assert.Contains($"    9 |     allInPower: 3 kWh{Environment.NewLine}      |                 ^^^^^", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tiers: [{ name: a, power: 60 % }, { name: b, power: 60 % }]", "brings the fixed shares of power to 120 %")]
    [InlineData("tiers: [{ name: a }, { name: A }]", "is used twice in tiers")]
    [InlineData("tiers: [{ name: a, demand: { min: 2 Gtok/day, max: 1 Gtok/day } }]", "is less than min")]
    [InlineData("tiers: [{ name: a, workload: chta }]", "did you mean 'chat'?")]
    [InlineData("tiers: [{ name: a, model: x }]\nmodels: [{ name: y }]", "names no model: 'x'")]
    [InlineData("tiers: [{ name: a }]\nhardware: [{ name: h, price: 1 USD, rate: 1 USD/h }]", "owned or rented")]
    [InlineData("tiers: [{ name: a }]\noutlook: { start: 2027-02-30 }", "is no day of the calendar")]
    [InlineData("tiers: [{ name: a }]\nsite: { power: { low: 2 GW, high: 1 GW } }", "rising order")]
    [InlineData("tiers: [{ name: a }]\nsite: { power: 1 kUSD ± 10 % }", "wants W, kW, MW or GW")]
    [InlineData("tiers: [{ name: a }]\nsite: { power: 0 W }", "must be more than nothing")]
    [InlineData("tiers: [{ name: a }]\nsite: { power: -1 W }", "must not be negative")]
    [InlineData("tiers: [{ name: a }]\nfinance: { utilization: 75 % ± 60 % }", "goes above 100 %")]
    [InlineData("tiers: [{ name: a }]\nsite: { racks: 9999999999 }", "wants at most 100000000")]
    [InlineData("tiers: [{ name: a }]\nsite:", "is empty")]
    [InlineData("tiers: [{ name: true }]", "got the Boolean true. Quote it")]
    [InlineData("tiers: []", "wants at least 1 entry")]
    [InlineData("tiers: [{ name: a }]\nmodels: [{ name: m, precision: fp9 }]", "did you mean 'fp")]
    [InlineData("tiers: [{ name: a }]\nmodels: [{ name: m, architecture: deepsek-v3 }]", "did you mean 'deepseek-v3'?")]
    [InlineData("tiers: [{ name: a }]\ncurrency: usd", "wants an ISO currency code")]
    public void What_makes_no_sense_is_refused(string yaml, string message) =>
        Assert.Contains(message, Assert.Single(Assert.Throws<DefinitionException>(() => Read("factory: f\n" + yaml)).Problems).Message, StringComparison.Ordinal);

    [Fact]
    public void Models_and_hardware_may_be_absent() =>
        Assert.Equal(("m", "h"), (Read("factory: f\ntiers: [{ name: a, model: m, hardware: h }]").Tiers[0].Model, Read("factory: f\ntiers: [{ name: a, hardware: h }]").Tiers[0].Hardware));

    [Fact]
    public void Another_currency_holds_for_the_whole_file() =>
        Assert.Equal(0.3, Read("factory: f\ncurrency: EUR\nsite: { energyPrice: 0.30 EUR/kWh }\ntiers: [{ name: a }]").Site.EnergyPricePerKilowattHour!.Value.Value);

    [Fact]
    public void Own_catalog_entries_are_found_by_name()
    {
        FactoryDefinition factory = Read(FullDefinition.Yaml + "\n", "hardware.own.accelerator=x2", "models.small.architecture=Tiny", "tiers.free.workload=support");
        Assert.Equal((1e12, 15e6, 500d), (factory.Hardware[1].Accelerator!.MemoryBytes, factory.Models[1].Architecture!.Parameters, factory.Tiers[1].Workload!.InputTokens));
    }

    [Fact]
    public void Settings_change_values_by_name_and_by_index()
    {
        FactoryDefinition factory = Read(FullDefinition.Yaml, "site.power=2 GW", "tiers.Premium.price.output=30 USD/Mtok", "tiers[1].demand=1 Gtok/day", "finance.staff=1 MUSD/year", "tiers.free.service.ttft=1 s", "site.spare='N'");
        Assert.Equal(2e9, factory.Site.PowerWatts!.Value.Value);
        Assert.Equal((30d, 9d), (factory.Tiers[0].Price.OutputPerMillionTokens!.Value.Value, factory.Tiers[0].Price.InputPerMillionTokens!.Value.Value));
        Assert.Equal((1e9, 1d, 0), (factory.Tiers[1].Demand!.MeanTokensPerDay!.Value.Value, factory.Tiers[1].Service.TtftSeconds, factory.Site.SpareUnits));
    }

    [Theory]
    [InlineData("site.powr=1 W", "has no key 'powr'; did you mean 'power'?", 6)]
    [InlineData("tiers.premum.power=1 %", "has no entry 'premum'; did you mean 'premium'?", 7)]
    [InlineData("site.power=3 kWh", "wants W, kW, MW or GW; got '3 kWh'", 12)]
    [InlineData("tiers.free.workload.input=4k", "set tiers.free.workload as a whole", 21)]
    [InlineData("site.power", "is no setting", 1)]
    [InlineData("site..power=1 W", "is no setting", 1)]
    [InlineData("site.power={", "is no YAML here", 13)]
    public void A_wrong_setting_is_an_error_in_its_own_text(string setting, string message, int column)
    {
        DefinitionProblem problem = Assert.Single(Assert.Throws<DefinitionException>(() => Read(FullDefinition.Yaml, setting)).Problems);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        Assert.Equal(($"-Set '{setting}'", 1, column), (problem.File, problem.Line, problem.Column));
        Assert.Contains(setting, problem.Excerpt, StringComparison.Ordinal);
    }

    [Fact]
    public void Overlays_merge_by_name_and_are_checked_as_strictly()
    {
        string folder = Directory.CreateTempSubdirectory("tokenfactory-test-").FullName;
        try
        {
            string good = Path.Join(folder, "good.yaml");
            File.WriteAllText(good, "site: { power: 2 GW }\ntiers:\n  - { name: premium, power: 10 % }\n  - { name: ultra, price: { output: 150 USD/Mtok } }\n");
            FactoryDefinition factory = FactoryReader.Read(FullDefinition.Yaml, null, s_options with { OverlayPaths = [good] });
            Assert.Equal(["premium", "free", "ultra"], factory.Tiers.Select(t => t.Name));
            Assert.Equal((2e9, 0.1, 45d), (factory.Site.PowerWatts!.Value.Value, factory.Tiers[0].PowerShare, factory.Tiers[0].Price.OutputPerMillionTokens!.Value.Value));

            // What a setting replaces afterwards is still wrong.
            string bad = Path.Join(folder, "bad.yaml");
            File.WriteAllText(bad, "site:\n  power: 2 kWh\n");
            DefinitionException e = Assert.Throws<DefinitionException>(() =>
                FactoryReader.Read(FullDefinition.Yaml, null, s_options with { OverlayPaths = [bad], Set = ["site.power=1 GW"] }));
            DefinitionProblem problem = Assert.Single(e.Problems);
            Assert.Equal(("bad.yaml", 2, 10), (problem.File, problem.Line, problem.Column));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("de-DE")]
    [InlineData("tr-TR")]
    [InlineData("ar-SA")]
    public void Every_culture_reads_the_same(string culture)
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        FactoryDefinition expected = Read(FullDefinition.Yaml);
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(culture);
            FactoryDefinition factory = Read(FullDefinition.Yaml.Replace("factory: gigawatt", "factory: GIGAWATT", StringComparison.Ordinal), "tiers.PREMIUM.price.input=9 USD/Mtok");
            Assert.Equal(System.Text.Json.JsonSerializer.Serialize(expected with { Name = "GIGAWATT" }), System.Text.Json.JsonSerializer.Serialize(factory));
            Assert.Equal("1.5 GW", QuantityFormatter.Format(1.5e9, Dimension.Power));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static FactoryDefinition Read(string yaml, params string[] set) => FactoryReader.Read(yaml, null, s_options with { Set = set });
}
