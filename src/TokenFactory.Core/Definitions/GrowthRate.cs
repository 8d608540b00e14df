namespace TokenFactory.Core.Definitions;

/// <summary>Compound growth: a factor each period, <c>12 %/month</c> is 1.12 each month, <c>10000 x/2 years</c> is 10,000 in two years.</summary>
/// <param name="Factor">Multiplies the quantity each period; above 0.</param>
/// <param name="PeriodYears">Length of the period in years of 8,760 h.</param>
public readonly record struct GrowthRate(double Factor, double PeriodYears)
{
    /// <summary>The factor after a time.</summary>
    /// <param name="years">Years since the start.</param>
    public double After(double years) => Math.Pow(Factor, years / PeriodYears);
}
