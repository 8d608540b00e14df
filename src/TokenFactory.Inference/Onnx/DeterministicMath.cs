namespace TokenFactory.Inference.Onnx;

/// <summary>Powers and circular functions from the four basic operations alone, so that every platform gives the same bits.</summary>
/// <remarks>
/// The system's libraries differ in the last bit; files that are to be equal to the byte cannot use them. Error below 1e-11 for angles up to
/// 10^6 and powers between 1e-12 and 1e12: far below what a 32-bit float keeps. IEEE 754 double arithmetic, never fused.
/// </remarks>
internal static class DeterministicMath
{
    private const double Ln2 = 0.693147180559945309417232121458;
    private const double HalfPiHigh = 1.57079632673412561417e+00;
    private const double HalfPiLow = 6.07710050650619224932e-11;

    /// <summary><paramref name="x"/> (above 0) to the power of <paramref name="y"/>.</summary>
    public static double Pow(double x, double y) => Exp(y * Log(x));

    /// <summary>Cosine and sine of an angle in radians, 0 to 10^6.</summary>
    public static (double Cos, double Sin) CosSin(double angle)
    {
        double quarters = Math.Floor((angle / (HalfPiHigh + HalfPiLow)) + 0.5);
        double r = angle - (quarters * HalfPiHigh) - (quarters * HalfPiLow);
        double square = r * r;
        double sin = 0;
        double cos = 0;
        for (int n = 19; n >= 1; n -= 2)
        {
            sin = 1 - (square / ((n + 1) * (n + 2)) * sin);
            cos = 1 - (square / (n * (n + 1)) * cos);
        }

        sin *= r;
        return ((long)quarters & 3) switch
        {
            0 => (cos, sin),
            1 => (-sin, cos),
            2 => (-cos, -sin),
            _ => (sin, -cos),
        };
    }

    /// <summary>Natural logarithm of a number above 0.</summary>
    public static double Log(double x)
    {
        int exponent = 0;
        while (x > 1.5)
        {
            x /= 2;
            exponent++;
        }

        while (x < 0.75)
        {
            x *= 2;
            exponent--;
        }

        // ln x = 2 artanh((x − 1) / (x + 1)); |t| ≤ 0.2, so 13 terms reach 1e-19.
        double t = (x - 1) / (x + 1);
        double square = t * t;
        double sum = 0;
        for (int n = 25; n >= 1; n -= 2)
        {
            sum = (sum * square) + (1.0 / n);
        }

        return (2 * t * sum) + (exponent * Ln2);
    }

    private static double Exp(double x)
    {
        double halvings = Math.Floor((x / Ln2) + 0.5);
        double r = x - (halvings * Ln2);
        double sum = 1;
        for (int n = 20; n >= 1; n--)
        {
            sum = 1 + (r / n * sum);
        }

        return Math.ScaleB(sum, (int)halvings);
    }
}
