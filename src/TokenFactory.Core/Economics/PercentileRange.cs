namespace TokenFactory.Core.Economics;

/// <summary>What a figure may come out as when inputs are ranges.</summary>
/// <param name="P10">A tenth of the draws lie below.</param>
/// <param name="P50">The median.</param>
/// <param name="P90">A tenth of the draws lie above.</param>
public sealed record PercentileRange(double P10, double P50, double P90)
{
    /// <summary>Percentiles of draws, linear between neighbours (Hyndman and Fan's type 7); null when there are none.</summary>
    /// <param name="draws">The draws; sorted in place. None may be NaN.</param>
    public static PercentileRange? Of(double[] draws)
    {
        if (draws.Length == 0)
        {
            return null;
        }

        Array.Sort(draws);
        return new PercentileRange(At(draws, 0.1), At(draws, 0.5), At(draws, 0.9));
    }

    /// <summary>The three figures in invariant notation.</summary>
    public override string ToString() => FormattableString.Invariant($"{P10:G4} | {P50:G4} | {P90:G4}");

    private static double At(double[] sorted, double probability)
    {
        double position = probability * (sorted.Length - 1);
        int below = (int)position;
        int above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }
}
