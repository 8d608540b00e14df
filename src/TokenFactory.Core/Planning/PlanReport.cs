namespace TokenFactory.Core.Planning;

/// <summary>Turns a solution into a plan that people read.</summary>
internal static class PlanReport
{
    private const double Nothing = 1e-9;

    public static FactoryPlan Make(PlanInputs inputs, PlanModel model, LinearSolution solution, LinearSolution relaxation)
    {
        double[] values = solution.Values;
        PlanHardware[] hardware = [.. inputs.Kinds.Select(k => Hardware(model, k, values))];
        double worth = model.Worth(values);
        double bound = worth + Math.Max(0, solution.Bound - solution.Objective);
        double sign = inputs.Options.Objective == PlanObjective.Cost ? -1 : 1;
        double revenue = inputs.Tiers.Sum(t => Sold(model, t, values) * t.RevenuePerToken);
        IReadOnlyList<PlanAllocation> allocations = Allocations(inputs, model, values);
        return new FactoryPlan
        {
            Factory = inputs.Factory.Name,
            Objective = inputs.Options.Objective,
            Allocations = allocations,
            Hardware = [.. hardware.Where(h => h.Accelerators > 0)],
            TokensPerDay = inputs.Tiers.Sum(t => Sold(model, t, values)),
            RevenuePerDay = revenue,
            CostPerDay = inputs.Priced ? model.CostPerDay(values) : null,
            Capital = hardware.Any(h => h.Capital is null) ? null : hardware.Sum(h => h.Capital),
            PowerWatts = Power(inputs, model, values),
            Currency = inputs.Factory.Currency,
            Limits = Limits(inputs, model, solution, relaxation),
            ShadowPrices = [],
            ObjectiveValue = sign * worth,
            ObjectiveBound = sign * bound,
            Gap = bound == worth ? 0 : (bound - worth) / Math.Max(Math.Abs(bound), double.Epsilon),
            RelaxationValue = sign * model.Worth(relaxation.Values),
            Notes = [.. inputs.Notes.Distinct(StringComparer.Ordinal), .. Assumed(allocations)],
        };
    }

    private static IEnumerable<string> Assumed(IEnumerable<PlanAllocation> allocations)
    {
        string[] tiers = [.. allocations.Where(a => a.OperatingPoint is { Assumed: true }).Select(a => a.Tier).Distinct(StringComparer.Ordinal)];
        return tiers.Length == 0 ? [] : [$"Operating points without a source are assumed: {string.Join(", ", tiers)}."];
    }

    private static double Sold(PlanModel model, PlanTier tier, double[] values) => values[model.Sold[tier.Index]] * model.TokenScale[tier.Index];

    private static double Running(PlanModel model, PlanKind kind, double[] values) =>
        Enumerable.Range(0, model.Candidates.Count).Where(c => model.Kinds[c] == kind).Sum(c => values[model.Running[c]]);

    private static PlanHardware Hardware(PlanModel model, PlanKind kind, double[] values)
    {
        double units = kind.Bought ? Tidy(model.UnitsOf(kind, values)) : kind.UnitsThere;
        double spare = kind.Bought ? units > 0 ? kind.Spare : 0 : Math.Min(kind.Spare, kind.UnitsThere);
        double accelerators = kind.Bought ? units * kind.Unit : kind.Definition.Count!.Value;
        double usable = kind.Bought ? (units - spare) * kind.Unit : kind.Usable;
        double powered = model.Chooses(kind) ? model.UnitsOf(kind, values) * kind.Unit : accelerators;
        double extraWatts = Enumerable.Range(0, model.Candidates.Count).Where(c => model.Kinds[c] == kind && model.Candidates[c].Watts is not null)
            .Sum(c => values[model.Running[c]] * (model.WattsPerUnit(c) - (kind.Watts * kind.Unit)));
        return new PlanHardware
        {
            Hardware = kind.Definition.Name,
            Units = units,
            UnitSize = kind.Unit,
            SpareUnits = spare,
            Accelerators = accelerators,
            IdleAccelerators = Math.Max(0, Tidy(usable - (Running(model, kind, values) * kind.Unit))),
            Bought = kind.Bought,
            PowerWatts = kind.Watts > 0 || extraWatts > 0 ? (powered * kind.Watts) + extraWatts : null,
            Capital = kind.Bought ? units == 0 ? 0 : kind.CapitalPerAccelerator * accelerators : 0,
            CostPerDay = kind.Hour is null ? null : KindCost(model, kind, values),
        };
    }

    private static double KindCost(PlanModel model, PlanKind kind, double[] values)
    {
        double energy = Enumerable.Range(0, model.Candidates.Count).Where(c => model.Kinds[c] == kind).Sum(c => values[model.Running[c]] * model.ExtraEnergy(c));
        double chosen = model.UnitsOf(kind, values) * PlanModel.UnitCost(kind);
        double there = kind.Bought ? 0 : 24 * kind.Definition.Count!.Value * (kind.Hour!.Total - (model.Chooses(kind) ? kind.Hour.Energy : 0));
        return energy + chosen + there;
    }

    private static List<PlanAllocation> Allocations(PlanInputs inputs, PlanModel model, double[] values)
    {
        List<PlanAllocation> rows = [];
        double[] running = [.. inputs.Kinds.Select(k => Running(model, k, values))];
        double total = inputs.Kinds.Sum(k => running[k.Index] * k.Unit);
        // What nobody uses is paid for too: its cost is spread over all that runs, as staff is.
        double common = inputs.StaffPerDay + inputs.Kinds.Where(k => running[k.Index] <= Nothing && k.Hour is not null).Sum(k => KindCost(model, k, values));
        foreach (PlanTier tier in inputs.Tiers)
        {
            int[] own = [.. Enumerable.Range(0, model.Candidates.Count).Where(c => model.Tiers[c] == tier && values[model.Running[c]] > Nothing)];
            double capacity = own.Sum(c => values[model.Running[c]] * model.TokensPerUnit(c));
            double sold = Sold(model, tier, values);
            foreach (int c in own)
            {
                ProductionCandidate candidate = model.Candidates[c];
                PlanKind kind = model.Kinds[c];
                double accelerators = values[model.Running[c]] * kind.Unit;
                double made = values[model.Running[c]] * model.TokensPerUnit(c);
                double tokens = sold * (made / capacity);
                double? watts = candidate.Watts * accelerators;
                rows.Add(new PlanAllocation
                {
                    Tier = tier.Definition.Name,
                    Hardware = kind.Definition.Name,
                    OperatingPoint = candidate.Point,
                    Accelerators = Tidy(accelerators),
                    PowerWatts = watts,
                    PowerShare = watts / inputs.PowerWatts,
                    CapacityTokensPerDay = made,
                    TokensPerDay = tokens,
                    ConcurrentUsers = candidate.Point.Interactivity is > 0 and { } speed ? accelerators * candidate.OutputTokensPerSecond / speed : null,
                    RevenuePerDay = tokens * tier.RevenuePerToken,
                    CostPerDay = inputs.Priced
                        ? (KindCost(model, kind, values) * (values[model.Running[c]] / running[kind.Index])) + (common * (accelerators / total))
                        : null,
                    Currency = inputs.Factory.Currency,
                });
            }

            if (own.Length == 0)
            {
                rows.Add(new PlanAllocation
                {
                    Tier = tier.Definition.Name,
                    CostPerDay = inputs.Priced ? 0 : null,
                    PowerWatts = 0,
                    PowerShare = inputs.PowerWatts is null ? null : 0,
                    Currency = inputs.Factory.Currency,
                });
            }
        }

        return rows;
    }

    private static double Power(PlanInputs inputs, PlanModel model, double[] values) =>
        inputs.Kinds.Sum(k => Hardware(model, k, values).PowerWatts ?? 0);

    private static List<PlanLimit> Limits(PlanInputs inputs, PlanModel model, LinearSolution solution, LinearSolution relaxation)
    {
        List<PlanLimit> limits = [];
        double[] values = solution.Values;
        string site = inputs.Factory.Name;
        void Add(PlanLimitKind kind, string name, int row, double used, double available, string unit)
        {
            if (row >= 0)
            {
                limits.Add(new PlanLimit
                {
                    Kind = kind,
                    Name = name,
                    Used = used,
                    Available = available,
                    Unit = unit,
                    Binds = Binds(model.Program, relaxation, row),
                });
            }
        }

        Add(PlanLimitKind.Power, site, model.PowerRow, Power(inputs, model, values) / 1e6, (inputs.PowerWatts ?? 0) / 1e6, "MW");
        Add(PlanLimitKind.Racks, site, model.RackRow,
            inputs.Kinds.Sum(k => k.Bought ? model.UnitsOf(k, values) : k.UnitsThere), inputs.Factory.Site.Racks ?? 0, "racks");
        Add(PlanLimitKind.Budget, site, model.BudgetRow, model.BudgetRow < 0 ? 0 : model.Program.Activity(model.BudgetRow, values) * 1e6,
            inputs.Factory.Site.Budget?.Value ?? 0, inputs.Factory.Currency);
        foreach (PlanKind kind in inputs.Kinds)
        {
            Add(PlanLimitKind.Accelerators, kind.Definition.Name, model.HardwareRows[kind.Index], Running(model, kind, values) * kind.Unit, kind.Usable, "accelerators");
        }

        foreach (PlanTier tier in inputs.Tiers)
        {
            int row = model.PowerShareRows[tier.Index];
            Add(PlanLimitKind.PowerShare, tier.Definition.Name, row, row < 0 ? 0 : model.Program.Activity(row, values), (tier.PowerShare ?? 0) * (inputs.PowerWatts ?? 0) / 1e6, "MW");
            Add(PlanLimitKind.MaximumDemand, tier.Definition.Name, model.MaximumRows[tier.Index], Sold(model, tier, values), tier.Maximum, "tok/day");
            Add(PlanLimitKind.MinimumDemand, tier.Definition.Name, model.MinimumRows[tier.Index], Sold(model, tier, values), tier.Minimum, "tok/day");
        }

        return limits;
    }

    /// <summary>True when a row is full in the relaxation and the objective would move with it.</summary>
    internal static bool Binds(LinearProgram program, LinearSolution relaxation, int row)
    {
        LinearProgram.Row limit = program.Rows[row];
        double bound = double.IsFinite(limit.Upper) ? limit.Upper : limit.Lower;
        double worth = Math.Abs(relaxation.Duals[row]) * Math.Max(Math.Abs(bound), 1e-12);
        return worth > 1e-5 * Math.Max(Math.Abs(relaxation.Objective), 1e-12);
    }

    // A solver's 71.9999999997 is 72.
    private static double Tidy(double value) => Math.Abs(value - Math.Round(value)) < 1e-6 ? Math.Round(value) : value;
}
