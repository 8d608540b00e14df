namespace TokenFactory.Inference.Engine;

/// <summary>Chooses how many prompt tokens are processed between two decode steps, so that running streams keep their pace.</summary>
/// <remarks>
/// Results do not depend on the choice: a token's keys, values and logits are the same to the last bit in any chunk of two tokens or
/// more, so a chunk is never one token unless the prompt is. The costs are learnt from the steps themselves.
/// </remarks>
internal sealed class PrefillPlanner
{
    private const int ManyStreams = 8;
    private const double Forgetting = 0.2;
    private static readonly int[] s_sizes = [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512];

    private readonly EngineOptions _options;
    private readonly double[] _chunkSeconds = new double[s_sizes.Length];
    private readonly double[] _stepSeconds;

    public PrefillPlanner(EngineOptions options, int slots)
    {
        _options = options;
        _stepSeconds = new double[slots + 1];
    }

    /// <summary>Seconds of a usual decode step of so many rows; 0 while unknown.</summary>
    public double StepSeconds(int rows)
    {
        if (rows < _stepSeconds.Length && _stepSeconds[rows] > 0)
        {
            return _stepSeconds[rows];
        }

        for (int distance = 1; distance < _stepSeconds.Length; distance++)
        {
            foreach (int other in (ReadOnlySpan<int>)[rows - distance, rows + distance])
            {
                if (other > 0 && other < _stepSeconds.Length && _stepSeconds[other] > 0)
                {
                    return _stepSeconds[other];
                }
            }
        }

        return 0;
    }

    public void StepTook(int rows, double seconds) => Learn(ref _stepSeconds[rows], seconds);

    public void ChunkTook(int tokens, double seconds)
    {
        int index = Array.BinarySearch(s_sizes, tokens);
        if (index >= 0)
        {
            Learn(ref _chunkSeconds[index], seconds);
        }
    }

    /// <summary>Tokens of the next chunk.</summary>
    /// <param name="left">Prompt tokens that are left.</param>
    /// <param name="streams">Sequences that decode.</param>
    /// <param name="rows">Rows of a decode step.</param>
    /// <param name="largest">Most that the runner takes.</param>
    public int Next(int left, int streams, int rows, int largest)
    {
        int size = streams == 0 ? _options.LargestChunk : streams < ManyStreams ? _options.SmallestChunk : Fitting(StepSeconds(rows) * _options.ChunkShare);
        size = Math.Min(size, largest);
        return left <= size ? left : left - size == 1 ? (size > 2 ? size - 1 : left) : size;
    }

    private int Fitting(double seconds)
    {
        int best = s_sizes[0];
        for (int i = 0; i < s_sizes.Length && s_sizes[i] <= _options.SmallestChunk; i++)
        {
            double cost = Cost(i);
            if (cost == 0 || cost > seconds)
            {
                break;
            }

            best = s_sizes[i];
        }

        return best;
    }

    // A chunk costs a pass over the weights and something a token: between two known sizes the cost is nearly a line, and beyond the
    // largest known one no more than in proportion.
    private double Cost(int index)
    {
        if (_chunkSeconds[index] > 0)
        {
            return _chunkSeconds[index];
        }

        int below = index - 1;
        while (below >= 0 && _chunkSeconds[below] == 0)
        {
            below--;
        }

        int above = index + 1;
        while (above < s_sizes.Length && _chunkSeconds[above] == 0)
        {
            above++;
        }

        if (below < 0)
        {
            return 0;
        }

        if (above == s_sizes.Length)
        {
            return _chunkSeconds[below] * s_sizes[index] / s_sizes[below];
        }

        double share = (double)(s_sizes[index] - s_sizes[below]) / (s_sizes[above] - s_sizes[below]);
        return _chunkSeconds[below] + (share * (_chunkSeconds[above] - _chunkSeconds[below]));
    }

    private static void Learn(ref double average, double sample) =>
        average = average == 0 ? sample : average + (Forgetting * (Math.Min(sample, 4 * average) - average));
}
