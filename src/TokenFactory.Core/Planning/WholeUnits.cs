using System.Globalization;
using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Planning;

/// <summary>Turns what could be bought in fractions into whole units.</summary>
/// <remarks>
/// One kind to buy is rounded down. With several, as soon as one is a fraction, the units are those that lift the tier that gets least the furthest (a mixed-integer program, so that more power never
/// makes it less); what that leaves of power, space and capital goes one unit at a time to the hardware with the largest fraction of the fractional answer left.
/// </remarks>
internal static class WholeUnits
{
    private const double Tolerance = 1e-9;
    private const double MostUnits = 1e8;

    /// <summary>Limits to whole units, beside those that there are; none where nothing is bought, or its fractions are whole.</summary>
    /// <param name="factory">The definition.</param>
    /// <param name="candidates">All candidates.</param>
    /// <param name="limits">The site's limits.</param>
    /// <param name="growing">Who grows.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <param name="fractional">The answers in fractions; of each hardware the largest counts.</param>
    public static List<SharedLimit> Of(FactoryDefinition factory, IReadOnlyList<ProductionCandidate> candidates, IReadOnlyList<SharedLimit> limits,
        FillItem[] growing, CancellationToken cancellationToken, params FillResult[] fractional)
    {
        int[][] on = [.. factory.Hardware.Select(h => Enumerable.Range(0, candidates.Count).Where(c => ReferenceEquals(candidates[c].Hardware, h)).ToArray())];
        double[] units = [.. factory.Hardware.Select((h, i) => h.Count is null ? fractional.Max(f => on[i].Sum(c => f.Accelerators[c])) / Math.Max(1, h.UnitSize) : 0)];
        double[] whole = [.. units.Select(u => Math.Floor(u + Tolerance))];
        if (!units.Where((u, i) => u > whole[i] + Tolerance).Any())
        {
            return [];
        }

        int[] bought = [.. Enumerable.Range(0, units.Length).Where(i => factory.Hardware[i].Count is null && on[i].Length > 0)];
        if (bought.Length > 1 && Best(factory, on, limits, growing, Takes, cancellationToken) is { } best)
        {
            whole = best;
        }

        foreach (int i in Enumerable.Range(0, units.Length).Where(i => units[i] > whole[i] + Tolerance).OrderByDescending(i => units[i] - whole[i]))
        {
            whole[i]++;
            if (!limits.All(l => Enumerable.Range(0, whole.Length).Sum(h => whole[h] * Takes(l, h)) <= l.Amount * (1 + Tolerance)))
            {
                whole[i]--;
            }
        }

        // All of them get a limit: one whose fractions were whole could else take in fractions what the others leave.
        return [.. bought.Select(i =>
        {
            HardwareDefinition hardware = factory.Hardware[i];
            SharedLimit? first = limits.FirstOrDefault(l => Full(l) && on[i].Any(c => l.Coefficients[c] > 0));
            string fit = units[i] > whole[i] + Tolerance ? string.Create(CultureInfo.InvariantCulture, $", where {units[i]:0.##} would fit") : "";
            string detail = string.Create(CultureInfo.InvariantCulture,
                $"{first?.Detail ?? "the site"}: {whole[i]:0} whole units of {Math.Max(1, hardware.UnitSize)} {hardware.Name}{fit}");
            return new SharedLimit(first?.Limit ?? CapacityLimit.Racks, detail, whole[i] * Math.Max(1, hardware.UnitSize),
                [.. candidates.Select(c => ReferenceEquals(c.Hardware, hardware) ? 1.0 : 0)]);
        })];

        // Where a limit is of some tiers alone, units may be the others'.
        double Takes(SharedLimit limit, int h) => on[h].Length == 0 || factory.Hardware[h].Count is not null ? 0
            : Math.Max(1, factory.Hardware[h].UnitSize) * on[h].Min(c => limit.Coefficients[c]);
        bool Full(SharedLimit limit) => fractional.Any(f => limit.Coefficients.Select((v, c) => v * f.Accelerators[c]).Sum() >= limit.Amount * (1 - 1e-6));
    }

    private static double[]? Best(FactoryDefinition factory, int[][] on, IReadOnlyList<SharedLimit> limits, FillItem[] growing, Func<SharedLimit, int, double> takes,
        CancellationToken cancellationToken)
    {
        var program = new LinearProgram();
        int candidates = limits.Max(l => l.Coefficients.Length);
        for (int c = 0; c < candidates; c++)
        {
            program.Add(0, double.PositiveInfinity);
        }

        int[] units = [.. factory.Hardware.Select(h => h.Count is null ? program.Add(0, MostUnits, whole: true) : -1)];
        int level = program.Add(0, double.PositiveInfinity, 1);
        foreach (SharedLimit limit in limits)
        {
            program.Constrain(double.NegativeInfinity, limit.Amount, limit.Coefficients.Select((v, c) => (c, v)));
            program.Constrain(double.NegativeInfinity, limit.Amount, Enumerable.Range(0, units.Length).Where(h => units[h] >= 0).Select(h => (units[h], takes(limit, h))));
        }

        for (int h = 0; h < units.Length; h++)
        {
            if (units[h] >= 0)
            {
                program.Constrain(double.NegativeInfinity, 0, [.. on[h].Select(c => (c, 1.0)), (units[h], -Math.Max(1.0, factory.Hardware[h].UnitSize))]);
            }
        }

        foreach (FillItem item in growing.Where(i => i.Weight > 0 && i.Candidates.Length > 0))
        {
            // Weights are tokens a day and yields are too: divided by the weight, all rows are of a size.
            program.Constrain(0, double.PositiveInfinity, [.. item.Candidates.Select((c, k) => (c, item.Yields[k] / item.Weight)), (level, -1)]);
        }

        LinearSolution solution = LinearSolver.Solve(program, cancellationToken, relativeGap: 1e-9);
        return solution.HasValues ? [.. units.Select(u => u < 0 ? 0 : Math.Round(solution.Values[u]))] : null;
    }
}
