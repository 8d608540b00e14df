using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Economics;

/// <summary>Carries a factory forward: power that arrives, hardware bought under it, demand, prices and software that change.</summary>
/// <remarks>
/// Every range is drawn independently; the draws of a seed are the same on every platform. A tornado moves one range at a time between its P10 and
/// P90. How a period is computed is written at <see cref="OutlookRun"/>; formulas and sources: docs/cost-model.md.
/// </remarks>
public static class OutlookModel
{
    /// <summary>The outlook of a factory.</summary>
    /// <param name="definition">The factory; without an outlook section, twelve quarters from today as everything stands.</param>
    /// <param name="options">How ranges are drawn; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the draws.</param>
    /// <exception cref="TokenFactoryException"><c>OutlookUnbounded</c>, <c>OutlookOutOfRange</c> and those of <see cref="CostModel"/>.</exception>
    public static FactoryOutlook Evaluate(FactoryDefinition definition, OutlookOptions? options = null, CancellationToken cancellationToken = default)
    {
        OutlookOptions how = options ?? new OutlookOptions();
        FactoryDefinition whole = definition with { Outlook = definition.Outlook ?? new OutlookDefinition() };
        if (whole.Outlook.Start is null)
        {
            whole = whole with { Outlook = whole.Outlook with { Start = DateOnly.FromDateTime(DateTime.Today) } };
        }

        var estimates = new DefinitionEstimates(whole);
        var central = new OutlookRun(whole, detailed: true);
        FactoryOutlook outlook = central.ToOutlook();
        if (estimates.Ranges.Count == 0 || how.Draws <= 0)
        {
            return outlook;
        }

        var random = new Random(how.Seed);
        double[] value = new double[how.Draws], revenue = new double[how.Draws], cash = new double[how.Draws], rate = new double[how.Draws];
        double[][] cashAfter = [.. outlook.Periods.Select(_ => new double[how.Draws])];
        bool rates = true;
        for (int draw = 0; draw < how.Draws; draw++)
        {
            if ((draw & 63) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            var run = new OutlookRun(estimates.Draw(random), detailed: false);
            value[draw] = run.NetPresentValue;
            revenue[draw] = run.TotalRevenue;
            cash[draw] = run.TotalCash;
            double sum = 0;
            for (int k = 0; k < cashAfter.Length; k++)
            {
                sum += run.CashOf(k);
                cashAfter[k][draw] = sum;
            }

            double? internalRate = rates ? run.InternalRate(out _) : null;
            rates &= internalRate is not null;
            rate[draw] = internalRate ?? 0;
        }

        return outlook with
        {
            Draws = how.Draws,
            Periods = outlook.Periods.Select((p, k) => p with { CumulativeCashRange = PercentileRange.Of(cashAfter[k]) }).ToArray(),
            LossProbability = value.Count(v => v < 0) / (double)how.Draws,
            NetPresentValueRange = PercentileRange.Of(value),
            RevenueRange = PercentileRange.Of(revenue),
            CashRange = PercentileRange.Of(cash),
            InternalRateOfReturnRange = rates ? PercentileRange.Of(rate) : null,
            Tornado = estimates.Ranges.Select((r, i) => new OutlookSensitivity
            {
                Input = r.Path,
                Low = r.Range.Quantile(0.1),
                High = r.Range.Quantile(0.9),
                NetPresentValueLow = new OutlookRun(estimates.At(i, 0.1), detailed: false).NetPresentValue,
                NetPresentValueHigh = new OutlookRun(estimates.At(i, 0.9), detailed: false).NetPresentValue,
                Currency = definition.Currency,
            }).OrderByDescending(s => s.Swing).ToArray(),
        };
    }
}
