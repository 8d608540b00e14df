using System.Globalization;

namespace TokenFactory.Core.Quantities;

/// <summary>How the values of an <see cref="Estimate"/> are distributed.</summary>
public enum EstimateShape
{
    /// <summary>One value, known.</summary>
    Exact,

    /// <summary>Every value between low and high is as likely.</summary>
    Uniform,

    /// <summary>Most likely at the mode, linearly less towards low and high.</summary>
    Triangular,
}

/// <summary>A number in base units that may be a range: <c>80 kUSD ± 10 %</c>, or low, mode and high.</summary>
/// <param name="Value">The central value: the number itself, the middle of a uniform range, the mode of a triangular one.</param>
/// <param name="Low">The lowest value.</param>
/// <param name="High">The highest value.</param>
/// <param name="Shape">How values between them are distributed.</param>
public readonly record struct Estimate(double Value, double Low, double High, EstimateShape Shape)
{
    /// <summary>True when there is a range.</summary>
    public bool IsRange => Shape != EstimateShape.Exact;

    /// <summary>One known value.</summary>
    /// <param name="value">The value in base units.</param>
    public static Estimate Exactly(double value) => new(value, value, value, EstimateShape.Exact);

    /// <summary>A uniform range.</summary>
    /// <param name="low">The lowest value.</param>
    /// <param name="high">The highest value.</param>
    public static Estimate Uniform(double low, double high) => new((low + high) / 2, low, high, EstimateShape.Uniform);

    /// <summary>A triangular range.</summary>
    /// <param name="low">The lowest value.</param>
    /// <param name="mode">The most likely value.</param>
    /// <param name="high">The highest value.</param>
    public static Estimate Triangular(double low, double mode, double high) => new(mode, low, high, EstimateShape.Triangular);

    /// <summary>The value below which a share <paramref name="probability"/> of draws fall: the inverse distribution function.</summary>
    /// <param name="probability">0 to 1.</param>
    public double Quantile(double probability)
    {
        switch (Shape)
        {
            case EstimateShape.Uniform:
                return Low + (probability * (High - Low));
            case EstimateShape.Triangular when High > Low:
                double split = (Value - Low) / (High - Low);
                return probability < split
                    ? Low + Math.Sqrt(probability * (High - Low) * (Value - Low))
                    : High - Math.Sqrt((1 - probability) * (High - Low) * (High - Value));
            default:
                return Value;
        }
    }

    /// <summary>The central value.</summary>
    /// <param name="estimate">The estimate.</param>
    public static implicit operator double(Estimate estimate) => estimate.Value;

    /// <summary>One known value.</summary>
    /// <param name="value">The value in base units.</param>
    public static implicit operator Estimate(double value) => Exactly(value);

    /// <summary>The central value in invariant notation, with the range behind it when there is one.</summary>
    public override string ToString() => IsRange
        ? string.Create(CultureInfo.InvariantCulture, $"{Value:G6} ({Low:G6} to {High:G6})")
        : Value.ToString("G6", CultureInfo.InvariantCulture);
}
