namespace TokenFactory.Core.Tests.Planning;

/// <summary>The tableau simplex with Bland's rule, as textbooks have it: maximise c·x with A·x ≤ b, x ≥ 0 and b ≥ 0. An oracle that shares nothing with the planner.</summary>
internal static class TextbookSimplex
{
    public static double Maximize(double[] c, List<double[]> rows, List<double> b)
    {
        int n = c.Length, m = rows.Count;
        double[,] t = new double[m + 1, n + m + 1];
        int[] basis = new int[m];
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                t[i, j] = rows[i][j];
            }

            (t[i, n + i], t[i, n + m], basis[i]) = (1, b[i], n + i);
        }

        for (int j = 0; j < n; j++)
        {
            t[m, j] = -c[j];
        }

        while (true)
        {
            int enter = Enumerable.Range(0, n + m).FirstOrDefault(j => t[m, j] < -1e-9, -1);
            if (enter < 0)
            {
                return t[m, n + m];
            }

            int leave = -1;
            for (int i = 0; i < m; i++)
            {
                if (t[i, enter] > 1e-9 && (leave < 0 || Ratio(i) < Ratio(leave) - 1e-12
                    || (Ratio(i) <= Ratio(leave) + 1e-12 && basis[i] < basis[leave])))
                {
                    leave = i;
                }
            }

            if (leave < 0)
            {
                return double.PositiveInfinity;
            }

            double pivot = t[leave, enter];
            for (int j = 0; j <= n + m; j++)
            {
                t[leave, j] /= pivot;
            }

            for (int i = 0; i <= m; i++)
            {
                double factor = t[i, enter];
                if (i != leave && factor != 0)
                {
                    for (int j = 0; j <= n + m; j++)
                    {
                        t[i, j] -= factor * t[leave, j];
                    }
                }
            }

            basis[leave] = enter;
            double Ratio(int i) => t[i, n + m] / t[i, enter];
        }
    }
}
