namespace TokenFactory.Core.Economics;

/// <summary>Equal yearly payments that repay a price with interest.</summary>
public static class Annuity
{
    /// <summary>Payment a year for a price of 1: r / (1 − (1 + r)^−n), and 1/n when the rate is 0.</summary>
    /// <remarks>
    /// The ordinary annuity (payments at the end of each year), as in any textbook of corporate finance. Written with
    /// <c>expm1</c> and <c>log1p</c> in effect, so that it goes smoothly to 1/n for small rates.
    /// </remarks>
    /// <param name="discountRate">Discount rate a year as a fraction, above −1.</param>
    /// <param name="years">Years of payment, above 0; need not be whole.</param>
    /// <exception cref="TokenFactoryException"><c>LifetimeOutOfRange</c>, <c>DiscountRateOutOfRange</c>.</exception>
    public static double PerYear(double discountRate, double years)
    {
        if (!(years > 0) || !double.IsFinite(years))
        {
            throw new TokenFactoryException("LifetimeOutOfRange", FailureKind.InvalidInput,
                "A lifetime must be longer than nothing. Set finance.lifetime (and finance.facilityLifetime) to a time above 0, for example '5 years'.", years);
        }

        if (!(discountRate > -1) || !double.IsFinite(discountRate))
        {
            throw new TokenFactoryException("DiscountRateOutOfRange", FailureKind.InvalidInput,
                "A discount rate must lie above -100 %. Set finance.discountRate, for example '8 %'.", discountRate);
        }

        double exponent = years * LogOnePlus(discountRate);
        // Below this the series' second term is under one part in 10^16 of the first.
        return Math.Abs(exponent) < 1e-12 ? 1 / years : discountRate / -ExpMinusOne(-exponent);
    }

    // Kahan's forms: exact to the last bits where 1 + x would round x away.
    private static double LogOnePlus(double x)
    {
        double u = 1 + x;
        return u == 1 ? x : Math.Log(u) * x / (u - 1);
    }

    private static double ExpMinusOne(double x)
    {
        if (Math.Abs(x) < 1e-5)
        {
            return x + (x * x / 2) + (x * x * x / 6);
        }

        return Math.Exp(x) - 1;
    }
}
