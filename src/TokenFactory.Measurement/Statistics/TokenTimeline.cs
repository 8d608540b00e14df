namespace TokenFactory.Measurement.Statistics;

/// <summary>Tokens by the time they came, in a fixed number of buckets whose width doubles when the run outgrows them.</summary>
/// <remarks>Starts at 1 ms a bucket; memory does not grow with the run. Not thread-safe.</remarks>
internal sealed class TokenTimeline
{
    private const int Buckets = 1 << 14;

    private readonly double[] _tokens = new double[Buckets];
    private double _width = 0.001;

    /// <summary>Adds tokens at a time.</summary>
    /// <param name="seconds">Seconds from the run's start, not negative.</param>
    /// <param name="tokens">Tokens that came then.</param>
    public void Add(double seconds, double tokens)
    {
        double position = Math.Max(0, seconds) / _width;
        while (position >= Buckets)
        {
            for (int i = 0; i < Buckets / 2; i++)
            {
                _tokens[i] = _tokens[2 * i] + _tokens[(2 * i) + 1];
            }

            Array.Clear(_tokens, Buckets / 2, Buckets / 2);
            _width *= 2;
            position /= 2;
        }

        _tokens[(int)position] += tokens;
    }

    /// <summary>Tokens between two times; a bucket that a bound cuts counts in proportion.</summary>
    /// <param name="from">Seconds from the run's start.</param>
    /// <param name="to">Seconds from the run's start.</param>
    public double Between(double from, double to)
    {
        double sum = 0;
        int first = Math.Max(0, (int)(from / _width));
        for (int i = first; i < Buckets && i * _width < to; i++)
        {
            double overlap = Math.Min(to, (i + 1) * _width) - Math.Max(from, i * _width);
            sum += _tokens[i] * Math.Clamp(overlap / _width, 0, 1);
        }

        return sum;
    }
}
