namespace TokenFactory.Core.Planning;

/// <summary>One who grows: a tier with the candidates that it may run at.</summary>
/// <param name="Candidates">Positions of its candidates.</param>
/// <param name="Yields">What one accelerator of each gives.</param>
/// <param name="Weight">What it gets for a level of one; 0 when it does not grow.</param>
/// <param name="Held">What it keeps at least when it does not grow.</param>
internal sealed record FillItem(int[] Candidates, double[] Yields, double Weight, double Held = 0);

/// <summary>How far each grew.</summary>
/// <param name="Levels">Level reached, by item; infinite when nothing stops it.</param>
/// <param name="Stops">The limit that stopped it.</param>
/// <param name="Accelerators">Accelerators of each candidate.</param>
internal sealed record FillResult(double[] Levels, SharedLimit?[] Stops, double[] Accelerators);

/// <summary>Max-min fair filling: all grow in proportion to their weight until a limit is full; those in it stop, the others go on.</summary>
/// <remarks>
/// With one candidate each it is a closed form. Where someone may run on several hardware or points each step is a linear program: the
/// rows whose dual is positive are those that can't grow in any solution, so they stop (Ogryczak and Śliwiński's lexicographic max-min).
/// </remarks>
internal static class FairFill
{
    private const double Margin = 1e-9;

    /// <summary>Fills the limits.</summary>
    /// <param name="items">Who grows, and who only keeps what they hold.</param>
    /// <param name="candidates">Number of candidates.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static FillResult Fill(FillItem[] items, int candidates, IReadOnlyList<SharedLimit> limits, CancellationToken cancellationToken) =>
        Array.TrueForAll(items, i => i.Candidates.Length <= 1)
            ? Direct(items, candidates, limits)
            : Linear(items, candidates, limits, cancellationToken);

    private static FillResult Direct(FillItem[] items, int candidates, IReadOnlyList<SharedLimit> limits)
    {
        var result = new FillResult(new double[items.Length], new SharedLimit?[items.Length], new double[candidates]);
        bool[] active = [.. items.Select(i => i.Weight > 0 && i.Candidates.Length > 0)];
        foreach (FillItem item in items.Where(i => i.Held > 0 && i.Candidates.Length > 0))
        {
            result.Accelerators[item.Candidates[0]] = item.Held / item.Yields[0];
        }

        while (active.Any(a => a))
        {
            double lowest = double.PositiveInfinity;
            SharedLimit? first = null;
            foreach (SharedLimit limit in limits)
            {
                double left = limit.Amount - result.Accelerators.Select((a, c) => limit.Coefficients[c] == 0 ? 0 : limit.Coefficients[c] * a).Sum();
                double slope = items.Where((_, i) => active[i]).Sum(i => limit.Coefficients[i.Candidates[0]] * i.Weight / i.Yields[0]);
                double level = slope > 0 ? Math.Max(0, left / slope) : double.PositiveInfinity;
                if (level < lowest)
                {
                    (lowest, first) = (level, limit);
                }
            }

            for (int i = 0; i < items.Length; i++)
            {
                if (active[i] && (first is null || first.Coefficients[items[i].Candidates[0]] > 0))
                {
                    (active[i], result.Levels[i], result.Stops[i]) = (false, lowest, first);
                    result.Accelerators[items[i].Candidates[0]] = lowest * items[i].Weight / items[i].Yields[0];
                }
            }
        }

        return result;
    }

    private static FillResult Linear(FillItem[] items, int candidates, IReadOnlyList<SharedLimit> limits, CancellationToken cancellationToken)
    {
        double[] levels = new double[items.Length];
        var stops = new SharedLimit?[items.Length];
        bool[] active = [.. items.Select(i => i.Weight > 0 && i.Candidates.Length > 0)];
        while (active.Any(a => a))
        {
            (LinearProgram program, int level, int[] rows) = Program(items, active, levels, candidates, limits);
            LinearSolution solution = LinearSolver.Solve(program, cancellationToken);
            if (!solution.HasValues)
            {
                // Unbounded: whoever still grows has no end. What is held was feasible before, so nothing else can be.
                for (int i = 0; i < items.Length; i++)
                {
                    levels[i] = active[i] ? double.PositiveInfinity : levels[i];
                }

                return new FillResult(levels, stops, new double[candidates]);
            }

            SharedLimit? full = limits.Index().Where(l => solution.Duals[l.Index] > 0)
                .MaxBy(l => solution.Duals[l.Index] * (l.Item.Amount + l.Item.Coefficients.Max())).Item;
            bool stopped = false;
            for (int i = 0; i < items.Length; i++)
            {
                if (active[i] && items[i].Weight * Math.Abs(solution.Duals[rows[i]]) > 1e-6)
                {
                    (active[i], levels[i], stops[i], stopped) = (false, solution.Values[level], full, true);
                }
            }

            if (!stopped)
            {
                Array.Fill(active, false);
            }
        }

        return new FillResult(levels, stops, Settle(items, levels, candidates, limits, cancellationToken));
    }

    private static (LinearProgram Program, int Level, int[] Rows) Program(
        FillItem[] items, bool[] active, double[] levels, int candidates, IReadOnlyList<SharedLimit> limits)
    {
        var program = new LinearProgram();
        for (int c = 0; c < candidates; c++)
        {
            program.Add(0, double.PositiveInfinity);
        }

        int level = program.Add(0, double.PositiveInfinity, 1);
        foreach (SharedLimit limit in limits)
        {
            program.Constrain(double.NegativeInfinity, limit.Amount, limit.Coefficients.Select((v, c) => (c, v)));
        }

        int[] rows = [.. items.Select((item, i) =>
        {
            IEnumerable<(int, double)> makes = item.Candidates.Select((c, k) => (c, item.Yields[k]));
            return active[i]
                ? program.Constrain(0, double.PositiveInfinity, [.. makes, (level, -item.Weight)])
                : program.Constrain(Math.Max(item.Held, levels[i] * item.Weight) * (1 - Margin), double.PositiveInfinity, makes);
        })];
        return (program, level, rows);
    }

    // The levels are known; of all ways to reach them the one with the fewest accelerators.
    private static double[] Settle(FillItem[] items, double[] levels, int candidates, IReadOnlyList<SharedLimit> limits, CancellationToken cancellationToken)
    {
        (LinearProgram program, int level, _) = Program(items, new bool[items.Length], levels, candidates, limits);
        program.Columns[level] = new LinearProgram.Column(0, 0, 0, false);
        for (int c = 0; c < candidates; c++)
        {
            program.Columns[c] = new LinearProgram.Column(0, double.PositiveInfinity, -1, false);
        }

        LinearSolution solution = LinearSolver.Solve(program, cancellationToken);
        return solution.HasValues ? solution.Values[..candidates] : new double[candidates];
    }
}
