namespace TokenFactory.Inference.Engine;

/// <summary>Divides sequences among runs so that the least memory is read.</summary>
/// <remarks>
/// A run reads the weights once; a row in it costs as much cache as the longest row. With sequences by falling length, the best
/// division cuts that order into neighbouring pieces: best(n) = min over k of best(k) + weights + (n − k) · longest(k) · bytes a token.
/// </remarks>
internal sealed class GrowingPlan(long weightBytes, long tokenBytes, int? ropeSwitch, bool stacks)
{
    // Past read and present written by the concatenation, then keys and values read by attention.
    private const int Passes = 3;

    /// <summary>Slots by run, each ascending.</summary>
    /// <param name="slots">Slots that decode.</param>
    /// <param name="length">Tokens of a slot.</param>
    /// <param name="mostTokens">Tokens that all runs together may hold, filling counted.</param>
    public List<int[]> Divide(IReadOnlyCollection<int> slots, Func<int, int> length, long mostTokens)
    {
        int[] order = [.. slots.OrderByDescending(length).ThenBy(s => s)];
        List<int[]> alone = [.. order.Select(s => new[] { s })];
        if (!stacks || order.Length < 2)
        {
            return alone;
        }

        double[] best = new double[order.Length + 1];
        int[] cut = new int[order.Length + 1];
        for (int end = 1; end <= order.Length; end++)
        {
            best[end] = double.PositiveInfinity;
            for (int start = 0; start < end; start++)
            {
                int longest = length(order[start]);
                if (ropeSwitch is { } border && longest >= border && length(order[end - 1]) < border)
                {
                    // A rotary embedding that switches at a length switches for all rows of a run.
                    continue;
                }

                double cost = best[start] + weightBytes + ((double)(end - start) * (longest + 1) * tokenBytes * Passes);
                if (cost < best[end])
                {
                    best[end] = cost;
                    cut[end] = start;
                }
            }
        }

        List<int[]> runs = [];
        long held = 0;
        for (int end = order.Length; end > 0; end = cut[end])
        {
            held += (long)(end - cut[end]) * length(order[cut[end]]);
            runs.Add([.. order[cut[end]..end].Order()]);
        }

        return held <= mostTokens ? runs : alone;
    }
}
