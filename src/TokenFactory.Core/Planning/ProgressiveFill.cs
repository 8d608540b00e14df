namespace TokenFactory.Core.Planning;

/// <summary>A limit that several tiers share: the sum of coefficient × accelerators stays within an amount.</summary>
/// <param name="Limit">Which limit it is.</param>
/// <param name="Detail">The limit with its figure in words.</param>
/// <param name="Amount">The amount.</param>
/// <param name="Coefficients">What one accelerator of each tier takes of it, by the tier's position.</param>
internal sealed record SharedLimit(CapacityLimit Limit, string Detail, double Amount, double[] Coefficients);

/// <summary>Max-min fair filling: all tiers grow in proportion to their weight until a limit that they share is full, the others go on.</summary>
internal static class ProgressiveFill
{
    /// <summary>Fills the limits.</summary>
    /// <param name="weights">Accelerators that a tier gets for a level of one; 0 leaves it out.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="taken">Accelerators that tiers hold before the filling begins.</param>
    /// <returns>Level reached and the limit that stopped it, for each tier; an infinite level has no limit.</returns>
    public static (double[] Levels, SharedLimit?[] Stops) Fill(double[] weights, IReadOnlyList<SharedLimit> limits, double[] taken)
    {
        double[] levels = new double[weights.Length];
        var stops = new SharedLimit?[weights.Length];
        bool[] active = [.. weights.Select(w => w > 0)];
        while (active.Any(a => a))
        {
            double lowest = double.PositiveInfinity;
            SharedLimit? first = null;
            foreach (SharedLimit limit in limits)
            {
                double left = limit.Amount, slope = 0;
                for (int i = 0; i < weights.Length; i++)
                {
                    left -= limit.Coefficients[i] * (taken[i] + (active[i] ? 0 : levels[i] * weights[i]));
                    slope += active[i] ? limit.Coefficients[i] * weights[i] : 0;
                }

                double level = slope > 0 ? Math.Max(0, left / slope) : double.PositiveInfinity;
                if (level < lowest)
                {
                    (lowest, first) = (level, limit);
                }
            }

            for (int i = 0; i < weights.Length; i++)
            {
                if (active[i] && (first is null || first.Coefficients[i] > 0))
                {
                    (active[i], levels[i], stops[i]) = (false, lowest, first);
                }
            }
        }

        return (levels, stops);
    }
}
