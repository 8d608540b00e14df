using CsCheck;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Planning;
using TokenFactory.TestSupport;
using Xunit;
using static TokenFactory.Core.Tests.Planning.PlanBuilder;

namespace TokenFactory.Core.Tests.Planning;

/// <summary>Every number of racks of small random factories is tried, each with a textbook simplex over all points, and the planner must find the best.</summary>
public class PlannerOracleTests
{
    private const double Day = 86_400;

    private static readonly int s_iterations = int.TryParse(Environment.GetEnvironmentVariable("TOKENFACTORY_ORACLE_ITERATIONS"), out int n) ? n : 150;

    private static readonly Gen<OperatingPoint> s_point =
        from output in Gen.Double[10, 200]
        from interactivity in Gen.Double[10, 100]
        from power in Gen.Double[0.5, 1.2]
        select Point(output, interactivity, watts: power * 1000);

    private static readonly Gen<TierDefinition> s_tier =
        from price in Gen.Frequency((1, Gen.Const(0.0)), (9, Gen.Double[0.01, 50]))
        from onA in s_point.Array[1, 3]
        from onB in s_point.Array[0, 3]
        from floor in Gen.Double[5, 60]
        from most in Gen.Double[100, 1500]
        from least in Gen.Double[5, 60]
        from unlimited in Gen.Bool
        from served in Gen.Int[0, 3]
        select Tier("t", price, [.. onA.Select(p => p with { Accelerator = "a" }), .. onB.Select(p => p with { Accelerator = "b" })])
            .Selling(most: unlimited ? null : most * Day, least: served == 0 ? least * Day : null) with
        { Service = new ServiceLevel { Interactivity = floor } };

    private static readonly Gen<FactoryDefinition> s_factory =
        from tiers in s_tier.Array[1, 3]
        from unitA in Gen.Int[1, 4]
        from unitB in Gen.Int[1, 3]
        from wattsB in Gen.Double[500, 2500]
        from priceA in Gen.Double[1e3, 1e6]
        from priceB in Gen.Double[1e3, 1e6]
        from countB in Gen.Int[-4, 6]
        from power in Gen.Double[4_000, 16_000]
        from racks in Gen.Int[2, 6]
        from budget in Gen.Double[1e5, 5e6]
        from spare in Gen.Int[0, 1]
        select Factory(
            [Bought("a", unit: unitA, price: priceA), Bought("b", wattsB, unitB, priceB) with { Count = countB > 0 ? countB : null }],
            [.. tiers.Select((t, i) => t with { Name = $"t{i}" })],
            new SiteDefinition { PowerWatts = power, Racks = racks, Budget = budget, SpareUnits = spare, EnergyPricePerKilowattHour = 0.5 });

    [Theory]
    [InlineData(PlanObjective.Revenue)]
    [InlineData(PlanObjective.Margin)]
    [InlineData(PlanObjective.Tokens)]
    [InlineData(PlanObjective.Cost)]
    public void The_planner_is_as_good_as_trying_everything(PlanObjective objective)
    {
        int feasible = 0, infeasible = 0;
        s_factory.SampleRepeatably(factory =>
        {
            if (factory.Tiers.All(x => !(x.Demand?.MinTokensPerDay?.Value > 0)) && objective == PlanObjective.Cost)
            {
                return;
            }

            double? best = TryEverything(factory, objective);
            if (best is { } value)
            {
                FactoryPlan plan = FactoryPlanner.Optimize(factory, new PlanOptions { Objective = objective, RelativeGap = 1e-9, ShadowPrices = false });
                double found = objective == PlanObjective.Cost ? -plan.ObjectiveValue : plan.ObjectiveValue;
                Assert.Equal(value, found, (1e-4 * Math.Abs(value)) + 1e-2);
                Interlocked.Increment(ref feasible);
            }
            else
            {
                Assert.Throws<PlanInfeasibleException>(() => FactoryPlanner.Optimize(factory, new PlanOptions { Objective = objective, RelativeGap = 1e-9 }));
                Interlocked.Increment(ref infeasible);
            }
        }, iter: s_iterations, print: Describe);
        Assert.True(feasible > 20, $"{feasible} feasible, {infeasible} infeasible");
    }

    [Fact]
    public void The_shadow_price_of_power_lies_between_what_a_little_more_brings_and_what_a_little_less_costs()
    {
        int compared = 0;
        s_factory.SampleRepeatably(factory =>
        {
            double watts = factory.Site.PowerWatts!.Value, step = 1e-3 * watts;
            double installed = (factory.Hardware[1].Count ?? 0) * factory.Hardware[1].AllInPowerWatts!.Value;
            if (Math.Abs(installed - watts) <= 2 * step)
            {
                return; // What is there is switched on or off as a whole here: the value jumps.
            }

            // With spare units the relaxation's bound on working ones is the whole units that the power could carry: the value jumps where one more fits.
            if (factory.Site.SpareUnits > 0 && factory.Hardware.Where(h => h.Count is null).Any(h => factory.Tiers.SelectMany(t => t.Production)
                .Where(p => p.Accelerator == h.Name).Select(p => p.PowerWattsPerAccelerator!.Value).Append(h.AllInPowerWatts!.Value.Value)
                .Any(w => Math.Ceiling((watts - step) / (w * h.UnitSize)) != Math.Ceiling((watts + step) / (w * h.UnitSize)))))
            {
                return;
            }

            try
            {
                double less = Value(watts - step), more = Value(watts + step);
                FactoryPlan plan = FactoryPlanner.Optimize(factory);
                ShadowPrice price = Assert.Single(plan.ShadowPrices, p => p.Resource == "Power");
                if (price.Method != ShadowPriceMethod.RelaxationDual)
                {
                    return; // A megawatt more feeds all that is there: that step is no small one, and was solved again.
                }

                double dual = price.ValuePerDay * step / 1e6;
                double noise = 1e-5 * Math.Abs(plan.RelaxationValue);
                Assert.InRange(dual, more - plan.RelaxationValue - noise, plan.RelaxationValue - less + noise);
                Interlocked.Increment(ref compared);
            }
            catch (PlanInfeasibleException)
            {
            }

            double Value(double power) => FactoryPlanner.Optimize(factory with { Site = factory.Site with { PowerWatts = power } },
                new PlanOptions { ShadowPrices = false }).RelaxationValue;
        }, iter: 100, print: Describe);
        Assert.True(compared > 30, $"{compared} compared");
    }

    [Fact]
    public void Capacity_is_a_number_never_below_nothing_and_grows_with_power() => s_factory.SampleRepeatably(factory =>
    {
        FactoryDefinition demanding = factory with
        {
            Tiers = [.. factory.Tiers.Select((t, i) => t with { Demand = i == 2 ? null : new DemandDefinition { MeanTokensPerDay = 1e6 * (i + 1) } })],
        };
        FactoryDefinition stronger = demanding with { Site = demanding.Site with { PowerWatts = demanding.Site.PowerWatts!.Value * 2 } };
        var options = new CapacityOptions { AsOf = new DateOnly(2027, 1, 1) };
        IReadOnlyList<CapacityVerdict> weak = CapacityModel.Evaluate(demanding, options), strong = CapacityModel.Evaluate(stronger, options);
        foreach (CapacityVerdict verdict in weak.Concat(strong))
        {
            Assert.True(double.IsFinite(verdict.CapacityTokensPerDay) && verdict.CapacityTokensPerDay >= 0, $"{verdict}");
            Assert.Equal(verdict.Headroom is null ? verdict.CapacityTokensPerDay > 0 : verdict.Headroom >= -1e-9, verdict.Holds);
        }

        // The scarcest tier can't get scarcer by more power, as max-min fairness lifts the lowest first.
        double[] before = [.. weak.Select(v => v.Headroom).OfType<double>()], after = [.. strong.Select(v => v.Headroom).OfType<double>()];
        Assert.True(after.Min() >= before.Min() - 1e-6, $"{before.Min()} then {after.Min()}");
    }, iter: 200, print: Describe);

    [Fact]
    public void Two_kinds_to_buy_are_divided_anew_where_one_alone_would_be_a_fraction()
    {
        FactoryDefinition factory = Factory(
            [Bought("a", unit: 4, price: 285_390.942200309), Bought("b", 501.46907662380926, 3, 282_467.987654321)],
            [
                Wanted("t0", 1e6, On("a", 143.8762886597938, 1013.1544339720562), On("b", 79, 527.2727272727273), On("b", 147.66666666666666, 880.6306075968874), On("b", 148, 1000)),
                Wanted("t1", 2e6, On("a", 171, 1107.142857142857), On("a", 18.362068965517242, 586.8338658005686)),
            ],
            new SiteDefinition { PowerWatts = 5820.05970260176, Racks = 5, Budget = 1_799_762.04316006, EnergyPricePerKilowattHour = 0.5 });
        FactoryDefinition stronger = factory with { Site = factory.Site with { PowerWatts = factory.Site.PowerWatts!.Value * 2 } };
        var options = new CapacityOptions { AsOf = new DateOnly(2027, 1, 1) };

        double before = CapacityModel.Evaluate(factory, options).Min(v => v.Headroom!.Value), after = CapacityModel.Evaluate(stronger, options).Min(v => v.Headroom!.Value);

        Assert.True(after >= before, $"{before} then {after}");

        static OperatingPoint On(string accelerator, double output, double watts) => Point(output, 50, watts: watts) with { Accelerator = accelerator };
        static TierDefinition Wanted(string name, double mean, params OperatingPoint[] points) =>
            Tier(name, 1, points) with { Demand = new DemandDefinition { MeanTokensPerDay = mean } };
    }

    // The check cuts a long print: the figures alone, so that a case can be built again.
    private static string Describe(FactoryDefinition factory) => string.Join('\n',
    [
        FormattableString.Invariant($"power {factory.Site.PowerWatts!.Value.Value:R} racks {factory.Site.Racks} budget {factory.Site.Budget!.Value.Value:R} spare {factory.Site.SpareUnits}"),
        .. factory.Hardware.Select(h => FormattableString.Invariant($"{h.Name}: {h.AllInPowerWatts!.Value.Value:R} W, unit {h.UnitSize}, price {h.Price!.Value.Value:R}, count {h.Count}")),
        .. factory.Tiers.Select(t => FormattableString.Invariant(
            $"{t.Name}: price {t.Price.OutputPerMillionTokens!.Value.Value:R}, floor {t.Service.Interactivity:R}, most {t.Demand?.MaxTokensPerDay?.Value:R}, least {t.Demand?.MinTokensPerDay?.Value:R}; ")
            + string.Join(", ", t.Production.Select(p => FormattableString.Invariant(
                $"{p.Accelerator} {p.OutputTokensPerSecondPerAccelerator.Value:R} tok/s at {p.Interactivity:R} with {p.PowerWattsPerAccelerator!.Value:R} W")))),
    ]);

    private static double? TryEverything(FactoryDefinition factory, PlanObjective objective)
    {
        SiteDefinition site = factory.Site;
        double? best = null;
        int racks = site.Racks!.Value;
        int there = factory.Hardware[1].Count is { } c ? (int)Math.Ceiling((double)c / factory.Hardware[1].UnitSize) : -1;
        bool dark = there >= 0 && factory.Hardware[1].Count * factory.Hardware[1].AllInPowerWatts!.Value > site.PowerWatts;
        for (int a = 0; a <= (dark ? 0 : racks); a++)
        {
            for (int b = there >= 0 && !dark ? there : 0; b <= (there >= 0 ? there : racks); b++)
            {
                double? value = WithRacks(factory, objective, a, b, there, dark);
                best = value is { } v && !(v <= best) ? v : best;
            }
        }

        return best;
    }

    private static double? WithRacks(FactoryDefinition factory, PlanObjective objective, int a, int b, int there, bool dark)
    {
        SiteDefinition site = factory.Site;
        HardwareDefinition ha = factory.Hardware[0], hb = factory.Hardware[1];
        int spare = site.SpareUnits;
        double watts = a * ha.UnitSize * ha.AllInPowerWatts!.Value
            + ((there >= 0 && !dark ? hb.Count!.Value : b * hb.UnitSize) * hb.AllInPowerWatts!.Value);
        int bought = a + (there >= 0 ? 0 : b);
        double spent = (a * ha.UnitSize * ha.Price!.Value) + (there >= 0 ? 0 : b * hb.UnitSize * hb.Price!.Value);
        if (bought > Math.Max(0, site.Racks!.Value - Math.Max(0, there)) || spent > site.Budget!.Value)
        {
            return null;
        }

        double usableA = Math.Max(0, a - spare) * ha.UnitSize;
        double usableB = there < 0 ? Math.Max(0, b - spare) * hb.UnitSize
            : Math.Min(Math.Max(0, hb.Count!.Value - (spare * hb.UnitSize)), dark ? b * hb.UnitSize : double.PositiveInfinity);
        return Best(factory, objective, a, b, there, dark, watts, usableA, usableB);
    }

    private static double? Best(FactoryDefinition factory, PlanObjective objective, int a, int b, int there, bool dark, double watts, double usableA, double usableB)
    {
        SiteDefinition site = factory.Site;
        (TierDefinition Tier, int T, OperatingPoint Point, HardwareDefinition Hardware)[] points =
        [
            .. factory.Tiers.SelectMany((t, i) => t.Production.Where(p => p.Interactivity >= t.Service.Interactivity)
                .Select(p => (t, i, p, factory.Hardware[p.Accelerator == "a" ? 0 : 1]))),
        ];
        int n = points.Length, tiers = factory.Tiers.Count;
        double kwh = site.EnergyPricePerKilowattHour!.Value;
        double[] c = new double[n + (2 * tiers) + 1];
        List<double[]> rows = [];
        List<double> rhs = [];
        void Row(double bound, Action<double[]> fill)
        {
            double[] row = new double[c.Length];
            fill(row);
            rows.Add(row);
            rhs.Add(bound);
        }

        const double Must = 1e9;
        bool byCost = objective is PlanObjective.Margin or PlanObjective.Cost;
        for (int i = 0; i < n; i++)
        {
            double extra = points[i].Point.PowerWattsPerAccelerator!.Value - points[i].Hardware.AllInPowerWatts!.Value;
            c[i] = byCost ? -24 * extra / 1000 * kwh : 0;
        }

        Row(usableA, r => Fill(r, i => points[i].Hardware == factory.Hardware[0] ? 1 : 0, n));
        Row(usableB, r => Fill(r, i => points[i].Hardware == factory.Hardware[1] ? 1 : 0, n));
        double asked = 0;
        foreach ((int t, TierDefinition tier) in factory.Tiers.Index())
        {
            double price = tier.Price.OutputPerMillionTokens!.Value;
            c[n + t] = objective switch { PlanObjective.Tokens => Day, PlanObjective.Cost => 0, _ => price * Day / 1e6 };
            Row(0, r =>
            {
                Fill(r, i => points[i].T == t ? -points[i].Point.OutputTokensPerSecondPerAccelerator : 0, n);
                r[n + t] = 1;
            });
            if (tier.Demand?.MaxTokensPerDay is { } most)
            {
                Row(most / Day, r => r[n + t] = 1);
            }

            double least = (tier.Demand?.MinTokensPerDay?.Value ?? 0) / Day;
            c[n + tiers + t] = Must;
            asked += least;
            Row(least, r => r[n + tiers + t] = 1);
            Row(0, r => (r[n + tiers + t], r[n + t]) = (1, -1));
        }

        // Racks that only sparing points let in make the power row's bound negative: then the saving is a must, as the least demands are.
        double left = (site.PowerWatts!.Value - watts) / 1000;
        double Extra(int i) => (points[i].Point.PowerWattsPerAccelerator!.Value - points[i].Hardware.AllInPowerWatts!.Value) / 1000;
        if (left >= 0)
        {
            Row(left, r => Fill(r, Extra, n));
        }
        else
        {
            c[^1] = Must;
            asked -= left;
            Row(-left, r => r[^1] = 1);
            Row(0, r =>
            {
                Fill(r, Extra, n);
                r[^1] = 1;
            });
        }

        // What must be is tried alone first: a little of it that is missing must not be made up for by what the rest is worth.
        double met = TextbookSimplex.Maximize([.. c.Select(weight => weight == Must ? 1.0 : 0)], rows, rhs);
        if (met < asked - (1e-7 * (1 + asked)))
        {
            return null;
        }

        double rest = TextbookSimplex.Maximize(c, rows, rhs) - (Must * asked);
        return byCost ? rest - Cost(factory, a, b, there, dark) : rest;
    }

    private static double Cost(FactoryDefinition factory, int a, int b, int there, bool dark)
    {
        double kwh = factory.Site.EnergyPricePerKilowattHour!.Value;
        HardwareDefinition ha = factory.Hardware[0], hb = factory.Hardware[1];
        double Capital(HardwareDefinition h) => h.Price!.Value / 365;
        double Energy(HardwareDefinition h) => 24 * h.AllInPowerWatts!.Value / 1000 * kwh;
        return (a * ha.UnitSize * (Capital(ha) + Energy(ha))) + (there < 0
            ? b * hb.UnitSize * (Capital(hb) + Energy(hb))
            : (hb.Count!.Value * Capital(hb)) + (Energy(hb) * (dark ? b * hb.UnitSize : hb.Count!.Value)));
    }

    private static void Fill(double[] row, Func<int, double> value, int n)
    {
        for (int i = 0; i < n; i++)
        {
            row[i] = value(i);
        }
    }
}
