namespace TokenFactory.Core.Economics;

/// <summary>What a factory earns over time, and whether that pays for building it. Money in <see cref="Currency"/>.</summary>
public sealed record FactoryOutlook
{
    /// <summary>The factory's name.</summary>
    public required string Factory { get; init; }

    /// <summary>The periods.</summary>
    public required IReadOnlyList<OutlookPeriod> Periods { get; init => field = value.ToIndexable(); }

    /// <summary>Length of a period in years of 8,760 h.</summary>
    public required double PeriodYears { get; init; }

    /// <summary>Discount rate a year that the present value is at.</summary>
    public required double DiscountRate { get; init; }

    /// <summary>Present value of all cash at the outlook's start: capex at the start of its period, operations in the middle.</summary>
    public required double NetPresentValue { get; init; }

    /// <summary>Rate a year at which the present value is 0; null when there is none or more than one, see <see cref="Notes"/>.</summary>
    public double? InternalRateOfReturn { get; init; }

    /// <summary>Years until what was spent has come back for good; null when not within the outlook.</summary>
    public double? PaybackYears { get; init; }

    /// <summary>Money earned.</summary>
    public double Revenue => Periods.Sum(p => p.Revenue);

    /// <summary>Energy, rent and staff.</summary>
    public double OperatingCost => Periods.Sum(p => p.OperatingCost);

    /// <summary>Hardware and facility bought.</summary>
    public double Capex => Periods.Sum(p => p.Capex);

    /// <summary>Cash left at the end.</summary>
    public double Cash => Periods.Sum(p => p.Cash);

    /// <summary>What the bought hardware and facility are still worth at the end by straight-line depreciation; in none of the other figures.</summary>
    public required double BookValue { get; init; }

    /// <summary>Demand at the outlook's end / at its start; null when a tier sells all it can make.</summary>
    public double? DemandMultiple { get; init; }

    /// <summary>Growth of demand a month that compounds to <see cref="DemandMultiple"/>, as a fraction.</summary>
    public double? DemandGrowthPerMonth { get; init; }

    /// <summary>Share of the last period's demand that is sold; null when a tier sells all it can make.</summary>
    public double? DemandMetAtEnd => Periods.Count > 0 ? Periods[^1].DemandMet : null;

    /// <summary>Range of <see cref="NetPresentValue"/>; null when no input is a range.</summary>
    public PercentileRange? NetPresentValueRange { get; init; }

    /// <summary>Range of <see cref="InternalRateOfReturn"/>; null when no input is a range, or a draw has none.</summary>
    public PercentileRange? InternalRateOfReturnRange { get; init; }

    /// <summary>Range of <see cref="Revenue"/>; null when no input is a range.</summary>
    public PercentileRange? RevenueRange { get; init; }

    /// <summary>Range of <see cref="Cash"/>; null when no input is a range.</summary>
    public PercentileRange? CashRange { get; init; }

    /// <summary>Share of draws whose present value is below zero; null when no input is a range.</summary>
    public double? LossProbability { get; init; }

    /// <summary>What matters most: the present value with one range at its P10 and P90, the widest swing first.</summary>
    public IReadOnlyList<OutlookSensitivity> Tornado { get; init => field = value.ToIndexable(); } = [];

    /// <summary>Draws that the ranges come from; 0 when no input is a range.</summary>
    public int Draws { get; init; }

    /// <summary>Why a figure is missing, and what else a reader should know.</summary>
    public IReadOnlyList<string> Notes { get; init => field = value.ToIndexable(); } = [];

    /// <summary>True when a tier's operating point is assumed.</summary>
    public bool Assumed { get; init; }

    /// <summary>ISO 4217 code of the currency.</summary>
    public required string Currency { get; init; }
}

/// <summary>What one uncertain input does to the present value, all others at their central values.</summary>
public sealed record OutlookSensitivity
{
    /// <summary>The input's path in the definition, for example <c>hardware.rubin.price</c>.</summary>
    public required string Input { get; init; }

    /// <summary>Its value at P10, in base units.</summary>
    public required double Low { get; init; }

    /// <summary>Its value at P90, in base units.</summary>
    public required double High { get; init; }

    /// <summary>Present value with the input at P10.</summary>
    public required double NetPresentValueLow { get; init; }

    /// <summary>Present value with the input at P90.</summary>
    public required double NetPresentValueHigh { get; init; }

    /// <summary>Distance of the two.</summary>
    public double Swing => Math.Abs(NetPresentValueHigh - NetPresentValueLow);

    /// <summary>ISO 4217 code of the currency.</summary>
    public required string Currency { get; init; }
}
