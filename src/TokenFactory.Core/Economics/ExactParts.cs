namespace TokenFactory.Core.Economics;

/// <summary>Splits money so that the parts sum to the whole to the last bit, in whatever order they are added.</summary>
/// <remarks>
/// Parts are rounded to multiples of a power of two that is 2⁻⁴⁸ of the whole or less; sums of such multiples that stay below the whole
/// fit a double's 53 bits, so every partial sum is exact. What rounding leaves over goes to the largest part. The relative
/// error of the whole is below 4·10⁻¹⁵.
/// </remarks>
internal readonly struct ExactParts
{
    private const int Bits = 48;
    private readonly int _exponent;

    /// <summary>A grid for amounts whose sum is about <paramref name="whole"/>.</summary>
    /// <param name="whole">The largest sum, 0 or more.</param>
    public ExactParts(double whole) => _exponent = whole > 0 ? Math.ILogB(whole) + 1 - Bits : 0;

    /// <summary>The nearest amount on the grid, never below zero for an amount that is not.</summary>
    /// <param name="amount">The amount.</param>
    public double Round(double amount) => Math.ScaleB(Math.Round(Math.ScaleB(amount, -_exponent)), _exponent);

    /// <summary>Rounds parts in place and makes them sum to the rounded whole.</summary>
    /// <param name="whole">The whole.</param>
    /// <param name="parts">Its parts, none below zero; their sum is the whole but for rounding.</param>
    /// <returns>The rounded whole, which the parts sum to exactly.</returns>
    public double Split(double whole, Span<double> parts)
    {
        double rounded = Round(whole);
        double sum = 0;
        int largest = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = Round(parts[i]);
            sum += parts[i];
            largest = parts[i] > parts[largest] ? i : largest;
        }

        if (parts.Length == 0)
        {
            return rounded;
        }

        // A part is never below zero, so a whole of a few grid units may come out as what its parts round to.
        double share = Math.Max(0, parts[largest] + (rounded - sum));
        sum += share - parts[largest];
        parts[largest] = share;
        return sum;
    }
}
