namespace TokenFactory.Measurement.Statistics;

/// <summary>The rank test of Mann and Whitney for two independent samples, with Cliff's delta as its effect size.</summary>
/// <remarks>
/// H. B. Mann, D. R. Whitney, "On a test of whether one of two random variables is stochastically larger than the other", Ann. Math. Stat. 18,
/// 1947. Up to <see cref="ExactLimit"/> values the p-value is exact also with ties: the permutation distribution of the rank sum over mid-ranks is
/// counted. Beyond that, the normal approximation with tie and continuity correction. Cliff's delta = 2 U / (n m) − 1, from −1 to 1: N. Cliff,
/// "Dominance statistics", Psychological Bulletin 114, 1993.
/// </remarks>
public static class MannWhitney
{
    /// <summary>Values of both samples together up to which the p-value is exact.</summary>
    public const int ExactLimit = 80;

    /// <summary>Tests whether one sample tends to larger values than another.</summary>
    /// <param name="first">The first sample, at least one value.</param>
    /// <param name="second">The second sample, at least one value.</param>
    /// <returns>
    /// The two-sided p-value, and Cliff's delta: 1 when all of <paramref name="second"/> is above all of <paramref name="first"/>, −1 when below.
    /// </returns>
    public static (double PValue, double Delta) Test(ReadOnlySpan<double> first, ReadOnlySpan<double> second)
    {
        int n = first.Length;
        int m = second.Length;
        ArgumentOutOfRangeException.ThrowIfZero(n);
        ArgumentOutOfRangeException.ThrowIfZero(m);
        double[] all = [.. first, .. second];
        int[] order = [.. Enumerable.Range(0, all.Length)];
        Array.Sort([.. all], order);

        // Twice the mid-ranks, so that all of them are whole numbers.
        int[] ranks = new int[all.Length];
        double ties = 0;
        for (int i = 0; i < order.Length;)
        {
            int j = i;
            while (j + 1 < order.Length && all[order[j + 1]] == all[order[i]])
            {
                j++;
            }

            double tied = j - i + 1;
            ties += (tied * tied * tied) - tied;
            for (int k = i; k <= j; k++)
            {
                ranks[order[k]] = i + j + 2;
            }

            i = j + 1;
        }

        int sum = 0;
        for (int i = n; i < ranks.Length; i++)
        {
            sum += ranks[i];
        }

        double u = (sum / 2.0) - (m * (m + 1) / 2.0);
        double delta = (2 * u / ((double)n * m)) - 1;
        return (n + m <= ExactLimit ? Exact(ranks, m, sum) : Normal(u, n, m, ties), delta);
    }

    /// <summary>The smallest two-sided p-value that two samples of these sizes can give, when they do not overlap.</summary>
    /// <param name="n">Values of the first.</param>
    /// <param name="m">Values of the second.</param>
    public static double SmallestPValue(int n, int m)
    {
        double ways = 1;
        for (int i = 1; i <= n; i++)
        {
            ways *= (double)(m + i) / i;
        }

        return Math.Min(1, 2 / ways);
    }

    // Counts the ways to choose m of the ranks with each sum; both tails as far from the mean as the observed one count.
    private static double Exact(int[] ranks, int m, int observed)
    {
        int most = ranks.Sum();
        double[][] ways = [.. Enumerable.Range(0, m + 1).Select(_ => new double[most + 1])];
        ways[0][0] = 1;
        int seen = 0;
        int reached = 0;
        foreach (int rank in ranks)
        {
            seen++;
            reached += rank;
            for (int k = Math.Min(seen, m); k >= 1; k--)
            {
                double[] from = ways[k - 1];
                double[] to = ways[k];
                for (int s = reached; s >= rank; s--)
                {
                    to[s] += from[s - rank];
                }
            }
        }

        double mean = (double)m * most / ranks.Length;
        double distance = Math.Abs(observed - mean) - 1e-9;
        double total = 0;
        double extreme = 0;
        for (int s = 0; s <= most; s++)
        {
            total += ways[m][s];
            if (Math.Abs(s - mean) >= distance)
            {
                extreme += ways[m][s];
            }
        }

        return Math.Min(1, extreme / total);
    }

    private static double Normal(double u, int n, int m, double ties)
    {
        double count = n + m;
        double variance = n * (double)m / 12 * (count + 1 - (ties / (count * (count - 1))));
        if (variance <= 0)
        {
            return 1;
        }

        double z = Math.Max(0, Math.Abs(u - (n * (double)m / 2)) - 0.5) / Math.Sqrt(variance);
        return Math.Min(1, 2 * MathNet.Numerics.Distributions.Normal.CDF(0, 1, -z));
    }
}
