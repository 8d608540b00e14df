using System.Globalization;

namespace TokenFactory.Core.Planning;

/// <summary>Tells which demands can't be met together, and by how much.</summary>
internal static class ClashFinder
{
    /// <summary>Explains an infeasible plan.</summary>
    /// <param name="inputs">The factory.</param>
    /// <param name="whole">True when only whole racks make it infeasible.</param>
    /// <param name="cancellationToken">Interrupts.</param>
    /// <remarks>
    /// The elastic program lets each demand go unserved at a price of one for all of it: its solution is the plan with the least sum of relative
    /// shortfalls. The clashing set is found by leaving out one demand after the other for as long as the rest stays infeasible.
    /// </remarks>
    public static PlanInfeasibleException Explain(PlanInputs inputs, bool whole, CancellationToken cancellationToken)
    {
        PlanTier[] asked = [.. inputs.Tiers.Where(t => t.Minimum > 0)];
        bool[] required = [.. inputs.Tiers.Select(t => t.Minimum > 0)];
        (PlanModel model, LinearSolution nearest) = Elastic(inputs, required, whole, cancellationToken);
        if (!nearest.HasValues)
        {
            return new PlanInfeasibleException(
                $"No plan for factory '{inputs.Factory.Name}' keeps within the site's own limits. Check its power, racks and budget against the hardware that is there.",
                inputs.Factory.Name, [], []);
        }

        bool[] clash = [.. required];
        foreach (PlanTier tier in asked)
        {
            clash[tier.Index] = false;
            clash[tier.Index] = IsFeasible(inputs, clash, whole, cancellationToken);
        }

        List<DemandShortfall> shortfalls = [];
        foreach (PlanTier tier in asked)
        {
            bool[] alone = new bool[inputs.Tiers.Length];
            alone[tier.Index] = true;
            (PlanModel single, LinearSolution only) = Elastic(inputs, alone, whole, cancellationToken);
            shortfalls.Add(new DemandShortfall(tier.Definition.Name, tier.Minimum, tier.Minimum - Lacking(single, only, tier), Lacking(model, nearest, tier), clash[tier.Index]));
        }

        LinearProgram settled = whole ? model.Program.WithFixed(nearest.Values) : model.Program.Relaxed();
        LinearSolution linear = LinearSolver.Solve(settled, cancellationToken);
        string[] limits = [.. Limits(inputs, model, linear)];
        return new PlanInfeasibleException(Message(inputs, shortfalls, limits), inputs.Factory.Name, shortfalls, limits);
    }

    private static double Lacking(PlanModel model, LinearSolution solution, PlanTier tier)
    {
        double lacking = solution.Values[model.Lacking[tier.Index]] * model.TokenScale[tier.Index];
        return lacking < 1e-9 * tier.Minimum ? 0 : Math.Min(lacking, tier.Minimum);
    }

    private static (PlanModel Model, LinearSolution Solution) Elastic(PlanInputs inputs, bool[] required, bool whole, CancellationToken cancellationToken)
    {
        var model = PlanModel.Build(inputs, inputs.Candidates, new PlanModel.Settings(inputs.PowerWatts, Elastic: true, required));
        LinearProgram program = whole ? model.Program : model.Program.Relaxed();
        return (model, LinearSolver.Solve(program, cancellationToken, inputs.Options.RelativeGap, inputs.Options.TimeLimit));
    }

    private static bool IsFeasible(PlanInputs inputs, bool[] required, bool whole, CancellationToken cancellationToken)
    {
        (PlanModel model, LinearSolution solution) = Elastic(inputs, required, whole, cancellationToken);
        return solution.HasValues && inputs.Tiers.Where(t => required[t.Index]).All(t => Lacking(model, solution, t) <= 1e-7 * t.Minimum);
    }

    private static IEnumerable<string> Limits(PlanInputs inputs, PlanModel model, LinearSolution solution)
    {
        bool Stops(int row) => row >= 0 && solution.HasValues && PlanReport.Binds(model.Program, solution, row);
        if (Stops(model.PowerRow))
        {
            yield return Text($"power ({inputs.PowerWatts / 1e6:0.###} MW)");
        }

        if (Stops(model.RackRow))
        {
            yield return Text($"floor space ({inputs.Factory.Site.Racks} racks)");
        }

        if (Stops(model.BudgetRow))
        {
            yield return Text($"budget ({inputs.Factory.Site.Budget?.Value:N0} {inputs.Factory.Currency})");
        }

        foreach (PlanKind kind in inputs.Kinds.Where(k => Stops(model.HardwareRows[k.Index])))
        {
            yield return Text($"{kind.Definition.Name} ({kind.Usable:0} accelerators)");
        }

        foreach (PlanTier tier in inputs.Tiers.Where(t => Stops(model.PowerShareRows[t.Index])))
        {
            yield return Text($"the fixed power of {tier.Definition.Name} ({tier.PowerShare * 100:0.#} %)");
        }
    }

    private static string Message(PlanInputs inputs, List<DemandShortfall> shortfalls, string[] limits)
    {
        DemandShortfall[] clashing = [.. shortfalls.Where(s => s.Clashes)];
        string who = clashing.Length == 1
            ? $"The demand of {clashing[0].Tier} can't be met"
            : $"The demands of {string.Join(" and ", clashing.Select(s => s.Tier))} can't be met together";
        string short_ = string.Join("; ", shortfalls.Where(s => s.ShortfallTokensPerDay > 0).Select(s => Text(
            $"{s.Tier} lacks {s.ShortfallTokensPerDay / s.DemandTokensPerDay * 100:0.##} % of {CapacityVerdict.Tokens(s.DemandTokensPerDay)}/day (alone it could have {CapacityVerdict.Tokens(s.AloneTokensPerDay)}/day)")));
        string why = limits.Length == 0 ? "" : $" What stops it: {string.Join(", ", limits)}.";
        string none = string.Concat(inputs.Notes.Where(n => n.StartsWith("Tier '", StringComparison.Ordinal)).Select(n => " " + n));
        return $"{who} by factory '{inputs.Factory.Name}'. In the nearest plan {short_}.{why}{none} Lower a demand or a service level, or give the site more of what stops it.";
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
