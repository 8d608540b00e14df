using System.Globalization;
using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Planning;

/// <summary>Finds what a little more of each limit is worth, from the linear relaxation.</summary>
internal static class ShadowPricer
{
    private const double Megawatt = 1e6;
    private const double Looser = 0.1;

    public static List<ShadowPrice> Price(
        PlanInputs inputs, PlanModel model, LinearSolution relaxation, FactoryPlan plan, CancellationToken cancellationToken)
    {
        List<ShadowPrice> prices = [];
        string unit = inputs.Options.Objective == PlanObjective.Tokens ? "tok" : inputs.Factory.Currency;
        double here = model.Worth(relaxation.Values);
        void Add(string resource, string name, string step, double value, ShadowPriceMethod method = ShadowPriceMethod.RelaxationDual) =>
            prices.Add(new ShadowPrice { Resource = resource, Name = name, Step = step, ValuePerDay = Clean(value, here), Unit = unit, Method = method });
        double Dual(int row) => relaxation.Duals[row];

        string site = inputs.Factory.Name;
        if (inputs.PowerWatts is { } power)
        {
            // Fixed shares grow with the power, and filling them has no price of its own: the dual would not tell.
            bool shares = inputs.Tiers.Any(t => t.PowerShare is not null);
            if (shares || inputs.Overcommitted != (inputs.InstalledWatts > power + Megawatt))
            {
                double more = Again(inputs, inputs.Candidates, power + Megawatt, cancellationToken) ?? here;
                Add("Power", site, "1 MW", more - here, ShadowPriceMethod.RelaxationSolvedAgain);
            }
            else
            {
                Add("Power", site, "1 MW", Dual(model.PowerRow));
            }
        }

        if (model.RackRow >= 0)
        {
            Add("Rack", site, "1 rack", Dual(model.RackRow));
        }

        if (model.BudgetRow >= 0)
        {
            Add("Budget", site, $"1 M{inputs.Factory.Currency}", Dual(model.BudgetRow));
        }

        foreach (PlanKind kind in inputs.Kinds.Where(k => model.HardwareRows[k.Index] >= 0))
        {
            Add("Accelerators", kind.Definition.Name, kind.Unit == 1 ? "1 accelerator" : $"1 rack of {kind.Unit}", Dual(model.HardwareRows[kind.Index]));
        }

        foreach (PlanTier tier in inputs.Tiers)
        {
            int[] rows = [.. new[] { model.MaximumRows[tier.Index], model.MinimumRows[tier.Index] }.Where(r => r >= 0)];
            if (rows.Length > 0 && Speed(plan, tier) is { } speed)
            {
                double perToken = rows.Sum(Dual) / model.TokenScale[tier.Index];
                Add("User", tier.Definition.Name, Text($"1 user at {speed:G4} tok/s all day"), perToken * speed * 86_400);
            }

            foreach ((string resource, ServiceLevel looser) in Loosened(tier.Definition.Service))
            {
                List<ProductionCandidate> usable = [.. inputs.All.Where(c => ReferenceEquals(c.Tier, tier.Definition)
                    ? CandidateFinder.Shortcoming(looser, c.Point) is null
                    : c.Shortcoming is null)];
                bool changes = usable.Count > inputs.All.Count(c => c.Shortcoming is null);
                double more = changes ? Again(inputs, PlanInputs.Prune(usable), inputs.PowerWatts, cancellationToken) ?? here : here;
                Add(resource, tier.Definition.Name, "10 % looser", Math.Max(0, more - here), ShadowPriceMethod.RelaxationSolvedAgain);
            }
        }

        return prices;
    }

    private static double? Again(PlanInputs inputs, IReadOnlyList<ProductionCandidate> candidates, double? power, CancellationToken cancellationToken)
    {
        var model = PlanModel.Build(inputs, candidates, new PlanModel.Settings(power));
        LinearSolution solution = LinearSolver.Solve(model.Program.Relaxed(), cancellationToken);
        return solution.HasValues ? model.Worth(solution.Values) : null;
    }

    private static IEnumerable<(string Resource, ServiceLevel Level)> Loosened(ServiceLevel service)
    {
        if (service.Interactivity is { } interactivity)
        {
            yield return ("Interactivity", service with { Interactivity = interactivity * (1 - Looser) });
        }

        if (service.TtftSeconds is { } ttft)
        {
            yield return ("TTFT", service with { TtftSeconds = ttft * (1 + Looser) });
        }
    }

    private static double? Speed(FactoryPlan plan, PlanTier tier) => tier.Definition.Service.Interactivity
        ?? plan.Allocations.FirstOrDefault(a => a.Tier == tier.Definition.Name && a.OperatingPoint is not null)?.OperatingPoint!.Interactivity;

    // Below a millionth of a percent of the objective it is the tie-break or rounding, and no value.
    private static double Clean(double value, double objective) => Math.Abs(value) < 1e-8 * Math.Abs(objective) ? 0 : value;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
