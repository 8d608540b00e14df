namespace TokenFactory.Core.Planning;

/// <summary>Drops operating points that no best plan needs.</summary>
internal static class CandidatePruning
{
    /// <summary>The points of one tier on one hardware that may be part of a best plan.</summary>
    /// <param name="candidates">Points of one tier on one hardware.</param>
    /// <returns>The upper hull of throughput over power, from the most sparing to the fastest; ties go to the first.</returns>
    /// <remarks>
    /// On one hardware an accelerator costs and weighs the same at every point but for its power, which power and energy cost take linearly, and a tier's
    /// accelerators may be divided over points in any ratio. So a point below the line between two others, or below one that draws no more, can
    /// be replaced by them at no loss: dropping it is exact, for whole racks too, because racks are whole and accelerators in them are not.
    /// </remarks>
    public static List<ProductionCandidate> Hull(IEnumerable<ProductionCandidate> candidates)
    {
        List<ProductionCandidate> hull = [];
        foreach (ProductionCandidate candidate in candidates.OrderBy(c => c.Watts ?? 0).ThenByDescending(c => c.OutputTokensPerSecond))
        {
            if (hull.Count > 0 && candidate.OutputTokensPerSecond <= hull[^1].OutputTokensPerSecond)
            {
                continue;
            }

            while (hull.Count > 1 && IsBelow(hull[^1], hull[^2], candidate))
            {
                hull.RemoveAt(hull.Count - 1);
            }

            hull.Add(candidate);
        }

        return hull;
    }

    private static bool IsBelow(ProductionCandidate middle, ProductionCandidate left, ProductionCandidate right)
    {
        double run = (right.Watts ?? 0) - (left.Watts ?? 0);
        double share = run > 0 ? ((middle.Watts ?? 0) - (left.Watts ?? 0)) / run : 1;
        return middle.OutputTokensPerSecond <= left.OutputTokensPerSecond + (share * (right.OutputTokensPerSecond - left.OutputTokensPerSecond));
    }
}
