using TokenFactory.Core.Definitions;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Economics;

/// <summary>The ranges of a definition: where they are, and the definition with values drawn for them.</summary>
/// <remarks>
/// Each range is one independent variable. Draws use <see cref="Random"/> with a seed, whose sequence is the same on every platform, in
/// the fixed order of <see cref="Ranges"/>.
/// </remarks>
public sealed class DefinitionEstimates
{
    private readonly FactoryDefinition _definition;
    private readonly List<(string Path, Estimate Range)> _ranges = [];

    /// <summary>Finds the ranges of a definition.</summary>
    /// <param name="definition">The definition.</param>
    public DefinitionEstimates(FactoryDefinition definition)
    {
        _definition = definition;
        Rebuild((path, name, key, e) =>
        {
            if (e.IsRange)
            {
                _ranges.Add((name is null ? $"{path}.{key}" : $"{path}.{name}.{key}", e));
            }

            return e;
        });
    }

    private delegate Estimate Visit(string section, string? name, string key, Estimate estimate);

    /// <summary>The ranges with their path in the definition, for example <c>hardware.rubin.price</c>.</summary>
    public IReadOnlyList<(string Path, Estimate Range)> Ranges => _ranges;

    /// <summary>The definition with every range replaced by a draw.</summary>
    /// <param name="random">The generator; one number is taken a range.</param>
    public FactoryDefinition Draw(Random random) => Rebuild((_, _, _, e) => e.IsRange ? Estimate.Exactly(e.Quantile(random.NextDouble())) : e);

    /// <summary>The definition with every range at its central value but one.</summary>
    /// <param name="index">Index into <see cref="Ranges"/> of the one; below 0 for none.</param>
    /// <param name="probability">The quantile to set it to.</param>
    public FactoryDefinition At(int index, double probability)
    {
        int next = 0;
        return Rebuild((_, _, _, e) => e.IsRange ? Estimate.Exactly(next++ == index ? e.Quantile(probability) : e.Value) : e);
    }

    private FactoryDefinition Rebuild(Visit visit)
    {
        FactoryDefinition d = _definition;
        GrowthRate? Rate(string section, string? name, string key, GrowthRate? g) => g is { } known ? known with { Factor = visit(section, name, key, known.Factor) } : null;
        Estimate? Of(string section, string? name, string key, Estimate? e) => e is { } known ? visit(section, name, key, known) : null;
        return d with
        {
            Site = d.Site with
            {
                PowerWatts = Of("site", null, "power", d.Site.PowerWatts),
                Pue = Of("site", null, "pue", d.Site.Pue),
                EnergyPricePerKilowattHour = Of("site", null, "energyPrice", d.Site.EnergyPricePerKilowattHour),
                FacilityCostPerMegawatt = Of("site", null, "facility", d.Site.FacilityCostPerMegawatt),
                Budget = Of("site", null, "budget", d.Site.Budget),
            },
            Finance = d.Finance with
            {
                LifetimeYears = Of("finance", null, "lifetime", d.Finance.LifetimeYears),
                FacilityLifetimeYears = Of("finance", null, "facilityLifetime", d.Finance.FacilityLifetimeYears),
                DiscountRate = Of("finance", null, "discountRate", d.Finance.DiscountRate),
                Utilization = Of("finance", null, "utilization", d.Finance.Utilization),
                StaffCostPerYear = Of("finance", null, "staff", d.Finance.StaffCostPerYear),
            },
            Hardware = [.. d.Hardware.Select(h => h with
            {
                AllInPowerWatts = Of("hardware", h.Name, "allInPower", h.AllInPowerWatts),
                Price = Of("hardware", h.Name, "price", h.Price),
                RatePerHour = Of("hardware", h.Name, "rate", h.RatePerHour),
            })],
            Tiers = [.. d.Tiers.Select(t => t with
            {
                Price = t.Price with
                {
                    InputPerMillionTokens = Of("tiers", t.Name, "price.input", t.Price.InputPerMillionTokens),
                    CachedInputPerMillionTokens = Of("tiers", t.Name, "price.cachedInput", t.Price.CachedInputPerMillionTokens),
                    OutputPerMillionTokens = Of("tiers", t.Name, "price.output", t.Price.OutputPerMillionTokens),
                },
                Production = [.. t.Production.Select(p => p with
                {
                    OutputTokensPerSecondPerAccelerator = visit("tiers", t.Name, "production.output", p.OutputTokensPerSecondPerAccelerator),
                    InputTokensPerSecondPerAccelerator = Of("tiers", t.Name, "production.input", p.InputTokensPerSecondPerAccelerator),
                })],
                Growth = [.. t.Growth.Select((g, i) => Rate("tiers", t.Name, FormattableString.Invariant($"growth[{i}]"), g)!.Value)],
                PriceChange = Rate("tiers", t.Name, "priceChange", t.PriceChange),
                Demand = t.Demand is null ? null : t.Demand with
                {
                    MeanTokensPerDay = Of("tiers", t.Name, "demand.mean", t.Demand.MeanTokensPerDay),
                    MinTokensPerDay = Of("tiers", t.Name, "demand.min", t.Demand.MinTokensPerDay),
                    MaxTokensPerDay = Of("tiers", t.Name, "demand.max", t.Demand.MaxTokensPerDay),
                    PeakToMean = Of("tiers", t.Name, "demand.peakToMean", t.Demand.PeakToMean),
                },
            })],
            People = [.. d.People.Select(r => r with
            {
                People = visit("people", r.Name, "count", r.People),
                TokensPerPersonPerDay = visit("people", r.Name, "tokens", r.TokensPerPersonPerDay),
            })],
            Outlook = d.Outlook is null ? null : d.Outlook with
            {
                PriceChange = Rate("outlook", null, "priceChange", d.Outlook.PriceChange),
                SoftwareSpeedup = Rate("outlook", null, "softwareSpeedup", d.Outlook.SoftwareSpeedup),
                Build = [.. d.Outlook.Build.Select(b => b with { PowerWatts = visit("outlook", FormattableString.Invariant($"build.{b.At:yyyy-MM-dd}"), "power", b.PowerWatts) })],
            },
        };
    }
}
