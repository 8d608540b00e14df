namespace TokenFactory.Core.Economics;

/// <summary>What decides how many accelerators a tier's figures a day are for.</summary>
public enum AcceleratorBasis
{
    /// <summary>The definition counts the hardware; all of it is paid for.</summary>
    Count,

    /// <summary>What the tier's demand needs.</summary>
    Demand,

    /// <summary>What the tier's share of the site's power feeds.</summary>
    Power,

    /// <summary>One accelerator: nothing says how many there are.</summary>
    One,
}

/// <summary>What a tier's tokens cost and earn, by cause. Money in <see cref="Currency"/>, a day of 24 h.</summary>
public sealed record CostBreakdown
{
    /// <summary>The factory's name.</summary>
    public required string Factory { get; init; }

    /// <summary>The tier's name.</summary>
    public required string Tier { get; init; }

    /// <summary>Name of the model; null when not said.</summary>
    public string? Model { get; init; }

    /// <summary>Name of the hardware in the definition.</summary>
    public required string Hardware { get; init; }

    /// <summary>Money per million output tokens, idle hours included; null when none is sold.</summary>
    public double? CostPerMillionOutputTokens { get; init; }

    /// <summary>Money per million uncached input tokens; 0 when prefill is inside the output throughput; null when none is sold.</summary>
    public double? CostPerMillionInputTokens { get; init; }

    /// <summary>Money per million cached input tokens: 0, as they cost nothing to compute; null when none is sold.</summary>
    public double? CostPerMillionCachedTokens { get; init; }

    /// <summary>All cost per million tokens of any kind; null when none is sold.</summary>
    public double? BlendedCostPerMillionTokens { get; init; }

    /// <summary>All cost per million output tokens, prefill included: what tiers are compared by; null when none is sold.</summary>
    public double? TotalCostPerMillionOutputTokens => OutputTokensPerDay > 0 ? CostPerDay / OutputTokensPerDay * 1e6 : null;

    /// <summary>Money per accelerator-hour, sold or idle.</summary>
    public required double CostPerAcceleratorHour { get; init; }

    /// <summary>The cost of an accelerator-hour by cause.</summary>
    public required AcceleratorHourCost AcceleratorHour { get; init; }

    /// <summary>The causes; they sum to <see cref="CostPerDay"/> to the last digit.</summary>
    public required IReadOnlyList<CostCause> Causes { get; init => field = value.ToIndexable(); }

    /// <summary>Money earned a day: output, uncached and cached input, each at its price.</summary>
    public required double RevenuePerDay { get; init; }

    /// <summary>Money spent a day.</summary>
    public required double CostPerDay { get; init; }

    /// <summary>Revenue less cost a day.</summary>
    public double ProfitPerDay => RevenuePerDay - CostPerDay;

    /// <summary>Profit / revenue; null when nothing is earned.</summary>
    public double? Margin => RevenuePerDay > 0 ? ProfitPerDay / RevenuePerDay : null;

    /// <summary>Profit / cost; null when nothing is spent.</summary>
    public double? ReturnOnCost => CostPerDay > 0 ? ProfitPerDay / CostPerDay : null;

    /// <summary>Sold output tokens a day: min(demand, capacity × utilization).</summary>
    public required double OutputTokensPerDay { get; init; }

    /// <summary>Sold input tokens a day, cached ones included.</summary>
    public required double InputTokensPerDay { get; init; }

    /// <summary>Sold cached input tokens a day.</summary>
    public required double CachedTokensPerDay { get; init; }

    /// <summary>Output tokens a day that the accelerators can make, all hours busy.</summary>
    public required double CapacityTokensPerDay { get; init; }

    /// <summary>Demand for output tokens a day; null when all that can be made is sold.</summary>
    public double? DemandTokensPerDay { get; init; }

    /// <summary>Sold / capacity, 0 to 1.</summary>
    public required double Utilization { get; init; }

    /// <summary>Accelerators that the figures a day are for, its share of idle ones included; need not be whole.</summary>
    public required double Accelerators { get; init; }

    /// <summary>What decides <see cref="Accelerators"/>.</summary>
    public required AcceleratorBasis Basis { get; init; }

    /// <summary>Accelerators that only prefill; null when prefill and decode share theirs.</summary>
    public double? PrefillAccelerators { get; init; }

    /// <summary>Accelerators that only decode; null when prefill and decode share theirs.</summary>
    public double? DecodeAccelerators { get; init; }

    /// <summary>Watts of these accelerators at the meter; null when unknown.</summary>
    public double? PowerWatts { get; init; }

    /// <summary>Output tokens/s of one accelerator, prefilling ones counted.</summary>
    public required double OutputTokensPerSecondPerAccelerator { get; init; }

    /// <summary>Output tokens/s per megawatt at the meter; null when the power is unknown.</summary>
    public double? TokensPerSecondPerMegawatt { get; init; }

    /// <summary>Joules at the meter per output token of a busy accelerator; null when the power is unknown.</summary>
    public double? JoulesPerToken { get; init; }

    /// <summary>Tokens/s per user; null when unknown.</summary>
    public double? Interactivity { get; init; }

    /// <summary>Time to first token, seconds, P90; null when unknown.</summary>
    public double? TtftSeconds { get; init; }

    /// <summary>Whether the point meets the tier's service level; null when the tier promises nothing.</summary>
    public bool? MeetsService { get; init; }

    /// <summary>Capital a day in hours that make sold tokens.</summary>
    public double CapitalPerDay => Sum(CostCauseKind.Capital);

    /// <summary>Energy a day in hours that make sold tokens.</summary>
    public double EnergyPerDay => Sum(CostCauseKind.Energy);

    /// <summary>Facility a day in hours that make sold tokens.</summary>
    public double FacilityPerDay => Sum(CostCauseKind.Facility);

    /// <summary>Staff a day in hours that make sold tokens.</summary>
    public double StaffPerDay => Sum(CostCauseKind.Staff);

    /// <summary>Rent a day in hours that make sold tokens.</summary>
    public double RentPerDay => Sum(CostCauseKind.Rent);

    /// <summary>Money a day for hours that make none.</summary>
    public double IdlePerDay => Sum(CostCauseKind.Idle);

    /// <summary>Range of <see cref="CostPerMillionOutputTokens"/>; null when no input is a range.</summary>
    public PercentileRange? CostPerMillionOutputTokensRange { get; init; }

    /// <summary>Range of <see cref="TotalCostPerMillionOutputTokens"/>; null when no input is a range.</summary>
    public PercentileRange? TotalCostPerMillionOutputTokensRange { get; init; }

    /// <summary>Range of <see cref="CostPerDay"/>; null when no input is a range.</summary>
    public PercentileRange? CostPerDayRange { get; init; }

    /// <summary>Range of <see cref="RevenuePerDay"/>; null when no input is a range.</summary>
    public PercentileRange? RevenuePerDayRange { get; init; }

    /// <summary>Range of <see cref="ProfitPerDay"/>; null when no input is a range.</summary>
    public PercentileRange? ProfitPerDayRange { get; init; }

    /// <summary>ISO 4217 code of the currency.</summary>
    public required string Currency { get; init; }

    /// <summary>Where the operating point came from.</summary>
    public required FigureSource Source { get; init; }

    /// <summary>True when the operating point is assumed, without a source.</summary>
    public bool Assumed { get; init; }

    /// <summary>The operating point, priced.</summary>
    public required OperatingPoint OperatingPoint { get; init; }

    /// <summary>What a reader should know: costs that the definition leaves out, limits that were met.</summary>
    public IReadOnlyList<string> Notes { get; init => field = value.ToIndexable(); } = [];

    private double Sum(CostCauseKind kind) => Causes.Where(c => c.Cause == kind).Sum(c => c.CostPerDay);
}
