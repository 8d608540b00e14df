namespace TokenFactory.Core.Economics;

/// <summary>One period of an outlook. Money in <see cref="Currency"/>, for the whole period.</summary>
public sealed record OutlookPeriod
{
    /// <summary>Its number, from 1.</summary>
    public required int Index { get; init; }

    /// <summary>Its first day.</summary>
    public required DateOnly Start { get; init; }

    /// <summary>The first day after it.</summary>
    public required DateOnly End { get; init; }

    /// <summary>Watts at the meter that there are, the mean over the period; null when nothing says.</summary>
    public double? PowerWatts { get; init; }

    /// <summary>Watts that the accelerators draw.</summary>
    public required double DrawnWatts { get; init; }

    /// <summary>Accelerators that run.</summary>
    public required double Accelerators { get; init; }

    /// <summary>Output tokens a day that are asked for, the mean over the period; null when a tier sells all it can make.</summary>
    public double? DemandTokensPerDay { get; init; }

    /// <summary>Demand at the period's end / demand at the outlook's start; null when a tier sells all it can make.</summary>
    public double? DemandMultiple { get; init; }

    /// <summary>Sold output tokens a day.</summary>
    public required double TokensPerDay { get; init; }

    /// <summary>Sold / asked for, 0 to 1; null when a tier sells all it can make.</summary>
    public double? DemandMet { get; init; }

    /// <summary>Money earned.</summary>
    public required double Revenue { get; init; }

    /// <summary>Energy.</summary>
    public required double EnergyCost { get; init; }

    /// <summary>Rent.</summary>
    public required double RentCost { get; init; }

    /// <summary>Staff.</summary>
    public required double StaffCost { get; init; }

    /// <summary>Energy, rent and staff.</summary>
    public double OperatingCost => EnergyCost + RentCost + StaffCost;

    /// <summary>Hardware and facility bought at the period's start.</summary>
    public required double Capex { get; init; }

    /// <summary>Revenue less operating cost less capex.</summary>
    public double Cash => Revenue - OperatingCost - Capex;

    /// <summary>Cash of this and all earlier periods.</summary>
    public required double CumulativeCash { get; init; }

    /// <summary>Range of <see cref="CumulativeCash"/>; null when no input is a range.</summary>
    public PercentileRange? CumulativeCashRange { get; init; }

    /// <summary>The tiers.</summary>
    public required IReadOnlyList<OutlookTier> Tiers { get; init => field = value.ToIndexable(); }

    /// <summary>ISO 4217 code of the currency.</summary>
    public required string Currency { get; init; }
}

/// <summary>One tier in one period of an outlook.</summary>
public sealed record OutlookTier
{
    /// <summary>The tier's name.</summary>
    public required string Tier { get; init; }

    /// <summary>Its accelerators.</summary>
    public required double Accelerators { get; init; }

    /// <summary>Output tokens a day that are asked for, the mean over the period; null when all that can be made is sold.</summary>
    public double? DemandTokensPerDay { get; init; }

    /// <summary>Sold output tokens a day.</summary>
    public required double TokensPerDay { get; init; }

    /// <summary>Price per million output tokens in the middle of the period; null when it has none.</summary>
    public double? PricePerMillionOutputTokens { get; init; }

    /// <summary>Output tokens/s of one accelerator in the middle of the period, software's speedup included.</summary>
    public required double OutputTokensPerSecondPerAccelerator { get; init; }

    /// <summary>Money earned in the period.</summary>
    public required double Revenue { get; init; }
}
