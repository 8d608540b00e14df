namespace TokenFactory.Core.Economics;

/// <summary>Cash at evenly spaced times: present value, internal rate of return, payback.</summary>
/// <remarks>
/// Amounts lie half a period apart: capital is paid when a period begins, operations earn and cost in its middle. Present value is
/// Σ aⱼ·xʲ with x = (1 + r)^(−half period), the textbook's discounted sum; a polynomial, so that Descartes' rule of signs says when its root, the rate
/// of return, is the only one.
/// </remarks>
internal static class CashFlow
{
    private const double LowestRate = -0.9999;
    private const double HighestRate = 1e6;

    /// <summary>Present value at a rate a year.</summary>
    /// <param name="amounts">Money, half a period apart, the first one now.</param>
    /// <param name="periodYears">Length of a period, years.</param>
    /// <param name="rate">Discount rate a year, above −1.</param>
    public static double PresentValue(ReadOnlySpan<double> amounts, double periodYears, double rate) =>
        Horner(amounts, Math.Pow(1 + rate, -periodYears / 2));

    /// <summary>The rate a year at which the present value is 0.</summary>
    /// <param name="amounts">Money, half a period apart.</param>
    /// <param name="periodYears">Length of a period, years.</param>
    /// <param name="reason">Why there is none.</param>
    /// <returns>The rate; null when no rate, or more than one, does.</returns>
    public static double? InternalRate(ReadOnlySpan<double> amounts, double periodYears, out string? reason)
    {
        int changes = SignChanges(amounts);
        double low = Root(periodYears, HighestRate);
        double high = Root(periodYears, LowestRate);
        reason = null;
        if (changes == 0)
        {
            reason = "Cash never turns from spending to earning, so there is no rate of return.";
            return null;
        }

        if (changes == 1)
        {
            return Bisect(amounts, periodYears, low, high, ref reason);
        }

        // Several sign changes may mean several rates: look for them along the logarithm of x.
        const int Steps = 400;
        double? found = null;
        double before = low;
        double sign = Math.Sign(Horner(amounts, before));
        for (int i = 1; i <= Steps; i++)
        {
            double at = low * Math.Pow(high / low, (double)i / Steps);
            double next = Math.Sign(Horner(amounts, at));
            if (next * sign < 0)
            {
                if (found is not null)
                {
                    reason = "Cash changes sign several times and more than one rate makes it zero, so none is the rate of return.";
                    return null;
                }

                found = Bisect(amounts, periodYears, before, at, ref reason);
            }

            before = at;
            sign = next == 0 ? sign : next;
        }

        reason = found is null ? "No rate from -99.99 % makes the cash worth nothing." : null;
        return found;
    }

    /// <summary>Years until the cash that was spent has come back for good, operations spread evenly over their period.</summary>
    /// <param name="amounts">Money, half a period apart.</param>
    /// <param name="periodYears">Length of a period, years.</param>
    /// <returns>Years; 0 when nothing was ever out, null when it does not come back.</returns>
    public static double? Payback(ReadOnlySpan<double> amounts, double periodYears)
    {
        double? payback = 0;
        double cash = 0;
        for (int k = 0; 2 * k < amounts.Length; k++)
        {
            cash += amounts[2 * k];
            payback = cash < 0 ? null : payback;
            double operating = (2 * k) + 1 < amounts.Length ? amounts[(2 * k) + 1] : 0;
            if (cash < 0 && cash + operating >= 0)
            {
                payback = (k + (-cash / operating)) * periodYears;
            }

            cash += operating;
            payback = cash < 0 ? null : payback;
        }

        return payback;
    }

    private static double Root(double periodYears, double rate) => Math.Pow(1 + rate, -periodYears / 2);

    private static double Horner(ReadOnlySpan<double> amounts, double x)
    {
        double value = 0;
        for (int i = amounts.Length - 1; i >= 0; i--)
        {
            value = (value * x) + amounts[i];
        }

        return value;
    }

    private static int SignChanges(ReadOnlySpan<double> amounts)
    {
        int changes = 0;
        int last = 0;
        foreach (double amount in amounts)
        {
            int sign = Math.Sign(amount);
            changes += sign != 0 && last != 0 && sign != last ? 1 : 0;
            last = sign == 0 ? last : sign;
        }

        return changes;
    }

    private static double? Bisect(ReadOnlySpan<double> amounts, double periodYears, double low, double high, ref string? reason)
    {
        double atLow = Horner(amounts, low);
        if (atLow * Horner(amounts, high) > 0)
        {
            reason = "The rate of return lies outside -99.99 % to 100,000,000 % a year.";
            return null;
        }

        for (int i = 0; i < 200 && high / low > 1 + 1e-15; i++)
        {
            double middle = Math.Sqrt(low * high);
            if (Horner(amounts, middle) * atLow > 0)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return Math.Pow(Math.Sqrt(low * high), -2 / periodYears) - 1;
    }
}
