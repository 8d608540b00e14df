using System.Diagnostics;

namespace TokenFactory.Core.Planning;

/// <summary>Splits a factory's power and hardware over its tiers, choosing operating points that meet their service levels.</summary>
/// <remarks>
/// <para>A linear program with whole racks, solved by OR-Tools (GLOP, and SCIP where racks are whole); docs/planning.md writes it out. Hardware without a count is
/// bought in whole units; accelerators inside them may be divided over tiers. Points that no best plan needs are dropped exactly before.</para>
/// <para>Sold tokens = min(demand, accelerators × throughput × 86,400 × min(utilization, 1 / peak-to-mean)); the demand is its <c>mean</c>, else its <c>max</c>, and all is sold
/// without one; <c>min</c> must be served. A fixed share of power is filled first, as far as hardware allows. Of plans that are worth the same the cheapest is given.</para>
/// <para>The same definition always gives the same plan, unless the time limit ends the search. Ranges count with their central value; with draws the plan carries P10, P50 and P90 of the best plans.</para>
/// </remarks>
public static class FactoryPlanner
{
    /// <summary>Makes the best plan.</summary>
    /// <param name="factory">The definition.</param>
    /// <param name="options">The objective and what else is asked; null takes the defaults.</param>
    /// <param name="cancellationToken">Interrupts the solver; the call returns at once.</param>
    /// <exception cref="PlanInfeasibleException">Demands that must be served can't all be.</exception>
    /// <exception cref="TokenFactoryException">
    /// <c>PlanWithoutTier</c>, <c>PlanWithoutHardware</c>, <c>PlanWithoutDemand</c>, <c>PlanDemandContradictory</c>, <c>PlanBudgetNeedsPrice</c>,
    /// <c>PlanUnbounded</c>, <c>PlanNotFound</c>, <c>SolverUnavailable</c>, or what the cost model refuses where the objective needs costs.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static FactoryPlan Optimize(
        Definitions.FactoryDefinition factory, PlanOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(factory);
        options ??= new PlanOptions();
        long start = Stopwatch.GetTimestamp();
        var inputs = PlanInputs.Of(factory, options);
        RequireBounds(inputs);
        var model = PlanModel.Build(inputs, inputs.Candidates, new PlanModel.Settings(inputs.PowerWatts));
        LinearSolution relaxation = LinearSolver.Solve(model.Program.Relaxed(), cancellationToken);
        Check(relaxation, inputs, whole: false, cancellationToken);

        LinearSolution solution = relaxation;
        if (model.Program.Columns.Any(c => c.Whole))
        {
            LinearSolution whole = LinearSolver.Solve(model.Program, cancellationToken, options.RelativeGap, options.TimeLimit);
            Check(whole, inputs, whole: true, cancellationToken);

            // With the racks settled the rest is linear: solved again, the plan is an exact vertex and not one within the search's tolerance.
            LinearSolution vertex = LinearSolver.Solve(model.Program.WithFixed(whole.Values), cancellationToken);
            solution = vertex.HasValues ? vertex with { Status = whole.Status, Bound = Math.Max(whole.Bound, vertex.Objective) } : whole;
        }

        FactoryPlan plan = PlanReport.Make(inputs, model, solution, relaxation);
        IReadOnlyList<ShadowPrice> prices = options.ShadowPrices ? ShadowPricer.Price(inputs, model, relaxation, plan, cancellationToken) : [];
        plan = PlanDraws.Spread(factory, options, plan, cancellationToken);
        return plan with { ShadowPrices = prices, SolveSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds };
    }

    private static void Check(LinearSolution solution, PlanInputs inputs, bool whole, CancellationToken cancellationToken)
    {
        if (solution.HasValues)
        {
            return;
        }

        if (solution.Status == SolveStatus.Infeasible)
        {
            throw ClashFinder.Explain(inputs, whole, cancellationToken);
        }

        throw solution.Status == SolveStatus.Unbounded
            ? Unbounded(inputs.Factory.Name, inputs.Factory.Hardware[0].Name)
            : new TokenFactoryException("PlanNotFound", FailureKind.OperationFailed,
                $"No plan for factory '{inputs.Factory.Name}' was found within {inputs.Options.TimeLimit.TotalSeconds:0.#} s. Give it more time, or drop operating points that can't matter.",
                inputs.Factory.Name);
    }

    private static void RequireBounds(PlanInputs inputs)
    {
        foreach (PlanKind kind in inputs.Kinds.Where(k => k.Bought))
        {
            bool bounded = (inputs.PowerWatts is not null && kind.Watts > 0) || inputs.Factory.Site.Racks is not null
                || (inputs.Factory.Site.Budget is not null && kind.CapitalPerAccelerator > 0);
            bool sellsAll = inputs.Candidates.Any(c => ReferenceEquals(c.Hardware, kind.Definition) && double.IsInfinity(inputs.TierOf(c).Maximum));
            if (!bounded && sellsAll)
            {
                throw Unbounded(inputs.Factory.Name, kind.Definition.Name);
            }
        }
    }

    private static TokenFactoryException Unbounded(string factory, string hardware) => new("PlanUnbounded", FailureKind.InvalidInput,
        $"Nothing limits factory '{factory}': any amount of {hardware} could be bought and all its tokens sold. State the site's 'power' with the hardware's 'allInPower', its 'racks' or 'budget', the hardware's 'count', or a 'demand'.",
        factory);
}
