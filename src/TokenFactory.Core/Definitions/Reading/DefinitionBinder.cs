using TokenFactory.Core.Catalog;

namespace TokenFactory.Core.Definitions.Reading;

/// <summary>Makes the definition's records of values that were read and checked.</summary>
internal sealed class DefinitionBinder(FigureCatalog catalog)
{
    public FactoryDefinition Factory(RecordValue root, string currency, string? path) => new()
    {
        Name = root.Text("factory")!,
        Currency = currency,
        Site = root.Record("site") is { } site ? Site(site) : new SiteDefinition(),
        Finance = root.Record("finance") is { } finance ? Finance(finance) : new FinanceDefinition(),
        Hardware = [.. root.Records("hardware").Select(Hardware)],
        Models = [.. root.Records("models").Select(Model)],
        Tiers = [.. root.Records("tiers").Select(Tier)],
        People = [.. root.Records("people").Select(Role)],
        Outlook = root.Record("outlook") is { } outlook ? Outlook(outlook) : null,
        Path = path,
    };

    private static SiteDefinition Site(RecordValue v) => new()
    {
        PowerWatts = v.Estimate("power"),
        Pue = v.Estimate("pue"),
        EnergyPricePerKilowattHour = v.Estimate("energyPrice"),
        FacilityCostPerMegawatt = v.Estimate("facility"),
        Racks = (int?)v.Count("racks"),
        SpareUnits = (int)(v.Count("spare") ?? 0),
        Budget = v.Estimate("budget"),
    };

    private static FinanceDefinition Finance(RecordValue v) => new()
    {
        LifetimeYears = v.Estimate("lifetime"),
        FacilityLifetimeYears = v.Estimate("facilityLifetime"),
        DiscountRate = v.Estimate("discountRate"),
        Utilization = v.Estimate("utilization"),
        StaffCostPerYear = v.Estimate("staff"),
    };

    private HardwareDefinition Hardware(RecordValue v) => new()
    {
        Name = v.Text("name")!,
        Accelerator = v.Record("accelerator") is { } own ? CatalogBinder.Accelerator(own, FigureSource.Declared, v.Text("name"))
            : v.Text("accelerator") is { } name ? catalog.FindAccelerator(name) : null,
        AllInPowerWatts = v.Estimate("allInPower"),
        Price = v.Estimate("price"),
        RatePerHour = v.Estimate("rate"),
        Count = v.Count("count"),
        UnitSize = (int)(v.Count("unit") ?? 1),
        Assumed = v.Flag("assumed"),
        SourceDetail = v.Text("source"),
    };

    private ModelDefinition Model(RecordValue v) => new()
    {
        Name = v.Text("name")!,
        Architecture = v.Record("architecture") is { } own ? CatalogBinder.Architecture(own, FigureSource.Declared, v.Text("name"))
            : v.Text("architecture") is { } name ? catalog.FindArchitecture(name) : null,
        Precision = v.Text("precision"),
    };

    private TierDefinition Tier(RecordValue v) => new()
    {
        Name = v.Text("name")!,
        Model = v.Text("model"),
        Hardware = v.Text("hardware"),
        ContextTokens = (long?)v.Number("context"),
        Quality = v.Text("quality"),
        Price = v.Record("price") is { } price
            ? new TierPrice
            {
                InputPerMillionTokens = price.Estimate("input"),
                CachedInputPerMillionTokens = price.Estimate("cachedInput"),
                OutputPerMillionTokens = price.Estimate("output"),
            }
            : new TierPrice(),
        Workload = v.Record("workload") is { } own ? CatalogBinder.Workload(own, FigureSource.Declared)
            : v.Text("workload") is { } name ? catalog.FindWorkload(name) : null,
        Service = v.Record("service") is { } service
            ? new ServiceLevel { TtftSeconds = service.Number("ttft"), Interactivity = service.Number("interactivity") }
            : new ServiceLevel(),
        Production = [.. v.Records("production").Select(p => Point(p, v.Text("model")))],
        Demand = Demand(v),
        Growth = [.. v.List<GrowthRate>("growth")],
        PriceChange = v.Get<GrowthRate>("priceChange"),
        PowerShare = v.Number("power"),
    };

    private static OperatingPoint Point(RecordValue v, string? model) => new()
    {
        Model = v.Text("model") ?? model,
        Accelerator = v.Text("hardware"),
        Precision = v.Text("precision"),
        Parallelism = v.Text("parallelism"),
        Batch = v.Count("batch"),
        Interactivity = v.Number("interactivity"),
        OutputTokensPerSecondPerAccelerator = v.Estimate("output")!.Value,
        InputTokensPerSecondPerAccelerator = v.Estimate("input"),
        TtftSeconds = v.Number("ttft"),
        PowerWattsPerAccelerator = v.Number("power"),
        Assumed = v.Flag("assumed"),
        Source = FigureSource.Declared,
        SourceDetail = v.Text("source"),
    };

    private static RoleDefinition Role(RecordValue v) => new()
    {
        Name = v.Text("role")!,
        People = v.Estimate("count") ?? 1,
        TokensPerPersonPerDay = v.Estimate("tokens")!.Value,
        Tier = v.Text("tier"),
    };

    private static DemandDefinition? Demand(RecordValue tier) => tier.Record("demand") is { } d
        ? new DemandDefinition
        {
            MeanTokensPerDay = d.Estimate("mean"),
            MinTokensPerDay = d.Estimate("min"),
            MaxTokensPerDay = d.Estimate("max"),
            PeakToMean = d.Estimate("peakToMean"),
        }
        : tier.Estimate("demand") is { } mean ? new DemandDefinition { MeanTokensPerDay = mean } : null;

    private static OutlookDefinition Outlook(RecordValue v)
    {
        RecordValue? steps = v.Record("steps");
        OutlookDefinition defaults = new();
        return new OutlookDefinition
        {
            Start = v.Get<DateOnly>("start"),
            PeriodMonths = (int)(steps?.Count("every") ?? defaults.PeriodMonths),
            PeriodCount = (int)(steps?.Count("count") ?? defaults.PeriodCount),
            Build = [.. v.Records("build").Select(b => new BuildStep(b.Get<DateOnly>("at")!.Value, b.Estimate("power")!.Value)).OrderBy(b => b.At)],
            PriceChange = v.Get<GrowthRate>("priceChange"),
            SoftwareSpeedup = v.Get<GrowthRate>("softwareSpeedup"),
        };
    }
}
