using System.Globalization;
using CsCheck;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;
using TokenFactory.Core.Quantities;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Core.Tests.Economics;

/// <summary>Random definitions; TOKENFACTORY_DEFINITIONS sets how many (100,000 for the full run).</summary>
public class CostPropertyTests
{
    private static readonly Gen<double> s_money = Gen.OneOf(Gen.Double[0, 1], Gen.Double[0, 1e6], Gen.Double[0, 1e12], Gen.Const(0.0));
    private static readonly Gen<double> s_rate = Gen.OneOf(Gen.Double[0.001, 10], Gen.Double[1, 1e5]);
    private static readonly Gen<Estimate> s_estimate = Gen.Select(s_money, Gen.Double[0, 1], Gen.Int[0, 9]).Select((m, w, kind) =>
        kind == 0 ? Estimate.Uniform(m * (1 - w), m * (1 + w)) : kind == 1 ? Estimate.Triangular(m * (1 - w), m, m * (1 + w)) : Estimate.Exactly(m));

    private static readonly Gen<HardwareDefinition> s_hardware = Gen.Select(s_estimate, Gen.Bool, Gen.OneOf(Gen.Double[0.1, 5000], Gen.Const(0.0)), Gen.Long[0, 300_000], Gen.Bool)
        .Select((money, rented, watts, count, counted) => new HardwareDefinition
        {
            Name = "",
            Price = rented ? null : money,
            RatePerHour = rented ? money : null,
            AllInPowerWatts = watts,
            Count = counted ? count : null,
        });

    private static readonly Gen<TierDefinition> s_tier = Gen.Select(
        Gen.Select(Gen.Int[0, 3], s_rate, s_rate, Gen.Bool),
        Gen.Select(s_estimate, s_estimate, Gen.Double[0, 1], Gen.Double[0, 1e6], Gen.Double[1, 1e5]),
        Gen.Select(Gen.Int[0, 2], Gen.Double[0, 1e15], Gen.Double[0, 1], Gen.Bool)).Select((a, b, c) => new TierDefinition
        {
            Name = "",
            Hardware = a.Item1.ToString(CultureInfo.InvariantCulture),
            Production = [Factories.Point(a.Item2, a.Item4 ? a.Item3 : null)],
            Price = new TierPrice { OutputPerMillionTokens = b.Item1, InputPerMillionTokens = b.Item2 },
            Workload = Factories.Workload(b.Item4, b.Item5, b.Item3),
            Demand = c.Item1 == 0 ? null : new DemandDefinition { MeanTokensPerDay = c.Item1 == 1 ? c.Item2 : 0 },
            PowerShare = c.Item4 ? c.Item3 / 4 : null,
        });

    private static readonly Gen<FactoryDefinition> s_factory = Gen.Select(
        s_hardware.Array[1, 4], s_tier.Array[1, 5],
        Gen.Select(s_estimate, Gen.Double[0, 2], Gen.Double[0, 0.5], Gen.Double[0.1, 40], Gen.Double[0.001, 1], Gen.Double[1, 1e10])).Select((hardware, tiers, x) => new FactoryDefinition
        {
            Name = "random",
            Site = new SiteDefinition { PowerWatts = x.Item6, EnergyPricePerKilowattHour = x.Item2, FacilityCostPerMegawatt = x.Item1 },
            Finance = new FinanceDefinition { LifetimeYears = x.Item4, FacilityLifetimeYears = x.Item4 * 2, DiscountRate = x.Item3, Utilization = x.Item5, StaffCostPerYear = x.Item1 },
            Hardware = [.. hardware.Select((h, i) => h with { Name = i.ToString(CultureInfo.InvariantCulture) })],
            Tiers = [.. tiers.Select((t, i) => t with
            {
                Name = "t" + i.ToString(CultureInfo.InvariantCulture),
                Hardware = (int.Parse(t.Hardware!, CultureInfo.InvariantCulture) % hardware.Length).ToString(CultureInfo.InvariantCulture),
            })],
        });

    private static int Count => int.TryParse(Environment.GetEnvironmentVariable("TOKENFACTORY_DEFINITIONS"), CultureInfo.InvariantCulture, out int n) ? n : 3000;

    [Fact]
    public void Random_definitions_never_crash_never_give_nan_and_always_sum() => s_factory.SampleRepeatably(Check, iter: Count);

    [Fact]
    public void Random_definitions_compare_with_finite_figures() => s_factory.SampleRepeatably(
        factory =>
        {
            if (factory.Hardware.All(h => h.Count is null or 0))
            {
                return;
            }

            IReadOnlyList<CostComparison> rows = ComparisonModel.Compare([factory], options: new CostOptions { Draws = 0 });

            Assert.Equal(factory.Tiers.Count, rows.Count);
            // Somebody is the cheapest, unless nobody sells.
            Assert.Equal(rows.Any(r => r.CostPerMillionOutputTokens is not null), rows.Any(r => r.Cheapest));
            Assert.All(rows, r => Assert.True(r.CostPerMillionOutputTokens is null or (>= 0 and < double.PositiveInfinity)));
            Assert.All(rows, r => Assert.True(r.TiePrice is null || double.IsFinite(r.TiePrice.Value)));
            Assert.All(rows, r => Assert.True(r.CostRatio is null || (r.CostRatio >= 0 && !double.IsNaN(r.CostRatio.Value))));
        },
        iter: Count / 3);

    [Fact]
    public void Figures_do_not_depend_on_the_culture()
    {
        string[] texts = [.. new[] { "en-US", "de-DE", "tr-TR" }.Select(name =>
        {
            CultureInfo before = CultureInfo.CurrentCulture;
            try
            {
                CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(name);
                return string.Join('\n', CostModel.Evaluate(Factories.Owned()).Concat(CostModel.Evaluate(Factories.DeepSeekDay()))
                    .Select(t => string.Join(' ', t.Causes) + string.Join(' ', t.Notes) + t.CostPerDay.ToString("R", CultureInfo.InvariantCulture)));
            }
            finally
            {
                CultureInfo.CurrentCulture = before;
            }
        })];

        Assert.Equal(texts[0], texts[1]);
        Assert.Equal(texts[0], texts[2]);
    }

    private static void Check(FactoryDefinition factory)
    {
        IReadOnlyList<CostBreakdown> tiers;
        try
        {
            tiers = CostModel.Evaluate(factory, new CostOptions { Draws = 2 });
        }
        catch (TokenFactoryException e) when (e.ErrorId == "StaffShareUnknown")
        {
            // All counts zero and no power drawn: staff that no accelerator shares is refused, and said.
            Assert.All(factory.Hardware, h => Assert.True(h.Count is null or 0));
            return;
        }

        Assert.Equal(factory.Tiers.Select(t => t.Name), tiers.Select(t => t.Tier));
        double counted = 0;
        foreach (HardwareDefinition hardware in factory.Hardware.Where(h => h.Count > 0))
        {
            CostBreakdown? on = tiers.FirstOrDefault(t => t.Hardware == hardware.Name);
            double allocated = tiers.Where(t => t.Hardware == hardware.Name).Sum(t => t.Accelerators);
            Assert.True(on is null || Math.Abs(allocated - hardware.Count!.Value) <= 1e-9 * hardware.Count!.Value);
            counted += on is null ? 0 : 24 * hardware.Count!.Value * on.CostPerAcceleratorHour;
        }

        Assert.True(tiers.Sum(t => t.CostPerDay) >= counted * (1 - 1e-9));
        // To the last digit in either order: the tiers to the factory, the causes to the tier.
        Assert.Equal(tiers.Sum(t => t.CostPerDay), tiers.Reverse().Sum(t => t.CostPerDay));
        Assert.Equal(tiers.Sum(t => t.CostPerDay), tiers.SelectMany(t => t.Causes).Sum(c => c.CostPerDay));
        foreach (CostBreakdown tier in tiers)
        {
            Assert.Equal(tier.CostPerDay, tier.Causes.Sum(c => c.CostPerDay));
            Assert.Equal(tier.CostPerDay, tier.Causes.Reverse().Sum(c => c.CostPerDay));
            Assert.Equal(tier.CostPerDay, tier.CapitalPerDay + tier.EnergyPerDay + tier.FacilityPerDay + tier.StaffPerDay + tier.RentPerDay + tier.IdlePerDay);
            if (tier.CostPerMillionOutputTokens is { } output)
            {
                Assert.Equal(output, tier.Causes.Where(c => c.Phase != CostPhase.Prefill).Sum(c => c.CostPerMillionTokens!.Value));
            }

            if (tier.CostPerMillionInputTokens is { } input)
            {
                Assert.Equal(input, tier.Causes.Where(c => c.Phase == CostPhase.Prefill).Sum(c => c.CostPerMillionTokens!.Value));
            }

            double?[] figures =
            [
                tier.CostPerDay, tier.RevenuePerDay, tier.CostPerMillionOutputTokens, tier.CostPerMillionInputTokens, tier.CostPerMillionCachedTokens, tier.BlendedCostPerMillionTokens,
                tier.CostPerAcceleratorHour, tier.OutputTokensPerDay, tier.InputTokensPerDay, tier.CapacityTokensPerDay, tier.Accelerators, tier.Utilization,
                tier.TokensPerSecondPerMegawatt, tier.JoulesPerToken, tier.PowerWatts, .. tier.Causes.Select(c => (double?)c.CostPerDay), .. tier.Causes.Select(c => c.CostPerMillionTokens),
            ];
            Assert.All(figures, f => Assert.True(f is null or (>= 0 and < double.PositiveInfinity), $"{f}"));
            Assert.True(tier.OutputTokensPerDay <= tier.CapacityTokensPerDay * (1 + 1e-9));
            Assert.True(tier.DemandTokensPerDay is null || tier.OutputTokensPerDay <= tier.DemandTokensPerDay);
        }
    }
}
