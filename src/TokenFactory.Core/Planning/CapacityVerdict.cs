using System.Globalization;
using TokenFactory.Core.Economics;

namespace TokenFactory.Core.Planning;

/// <summary>Whether a tier's capacity holds its demand: made by <see cref="CapacityModel"/>, one for each tier.</summary>
public sealed record CapacityVerdict
{
    /// <summary>The factory's name.</summary>
    public required string Factory { get; init; }

    /// <summary>The tier's name.</summary>
    public required string Tier { get; init; }

    /// <summary>The day that the figures are of: the one with the least headroom between the day asked and <c>Until</c>.</summary>
    public required DateOnly Date { get; init; }

    /// <summary>Mean demand on that day, output tokens per day; null when the tier states none.</summary>
    public double? DemandTokensPerDay { get; init; }

    /// <summary>Mean output tokens per day that can be sold at the demand's peak-to-mean ratio and the factory's utilization.</summary>
    public double CapacityTokensPerDay { get; init; }

    /// <summary>Capacity / demand − 1: the growth of demand that still fits; negative when short. Null without a demand.</summary>
    public double? Headroom { get; init; }

    /// <summary>Draws behind the ranges; 0 when the definition has none, or none were asked for.</summary>
    public int Draws { get; init; }

    /// <summary>Share of the draws in which the headroom that was asked for is there on the verdict's day; null without draws or demand.</summary>
    public double? HoldsProbability { get; init; }

    /// <summary>Range of <see cref="CapacityTokensPerDay"/>; null without draws.</summary>
    public PercentileRange? CapacityTokensPerDayRange { get; init; }

    /// <summary>Range of <see cref="DemandTokensPerDay"/>; null without draws or demand.</summary>
    public PercentileRange? DemandTokensPerDayRange { get; init; }

    /// <summary>Range of <see cref="Headroom"/>; null without draws or demand.</summary>
    public PercentileRange? HeadroomRange { get; init; }

    /// <summary>The headroom that was asked for, as a fraction of demand.</summary>
    public double RequiredHeadroom { get; init; }

    /// <summary>True when the headroom is at least what was asked; without a demand, when anything can be produced at all.</summary>
    public required bool Holds { get; init; }

    /// <summary>What stops the tier first.</summary>
    public required CapacityLimit FirstLimit { get; init; }

    /// <summary>The first limit with its figure in words.</summary>
    public required string LimitDetail { get; init; }

    /// <summary>The first day on which demand is above capacity; null when not within thirty years, or without a demand.</summary>
    public DateOnly? ExhaustedOn { get; init; }

    /// <summary>The last day on which the headroom that was asked for is there; null when it never is, or is for thirty years.</summary>
    public DateOnly? HoldsUntil { get; init; }

    /// <summary>The hardware that the tier runs on, joined by <c> + </c> where it is more than one; null when it can't run.</summary>
    public string? Hardware { get; init; }

    /// <summary>The operating point that makes most of the capacity; null when none is usable.</summary>
    public OperatingPoint? OperatingPoint { get; init; }

    /// <summary>Accelerators that produce the capacity.</summary>
    public double Accelerators { get; init; }

    /// <summary>Users served at once at the capacity: output tokens/s / interactivity; null when that is unknown.</summary>
    public double? ConcurrentUsers { get; init; }

    /// <summary>What was found on the way: why points were not counted, what is unknown, what was assumed.</summary>
    public IReadOnlyList<string> Reasons { get; init => field = value.ToIndexable(); } = [];

    /// <summary>Where the capacity's figures came from; null when there is none.</summary>
    public FigureSource? Source { get; init; }

    /// <summary>The verdict in one sentence: tier, figures, limit and dates.</summary>
    public string Explain()
    {
        string figures = Headroom is { } headroom
            ? Text($"capacity {Tokens(CapacityTokensPerDay)}/day against a demand of {Tokens(DemandTokensPerDay!.Value)}/day on {Date:yyyy-MM-dd}, headroom {headroom * 100:0.#} % where {RequiredHeadroom * 100:0.#} % is asked")
            : Text($"capacity {Tokens(CapacityTokensPerDay)}/day, no demand stated");
        string limit = FirstLimit == CapacityLimit.None ? "" : $"; first limit {FirstLimit}: {LimitDetail}";
        string exhausted = ExhaustedOn is { } day ? Text($"; exhausted on {day:yyyy-MM-dd}") : "";
        string reasons = CapacityTokensPerDay > 0 || Reasons.Count == 0 ? "" : $". {string.Join(' ', Reasons)}";
        return $"Tier '{Tier}' {(Holds ? "holds" : "does not hold")}: {figures}{limit}{exhausted}{reasons}{(reasons.Length == 0 ? "." : "")}";
    }

    internal static string Tokens(double tokens)
    {
        (double scale, string prefix) = tokens switch
        {
            >= 1e15 => (1e15, "P"), >= 1e12 => (1e12, "T"), >= 1e9 => (1e9, "G"), >= 1e6 => (1e6, "M"), >= 1e3 => (1e3, "k"), _ => (1, ""),
        };
        return Text($"{tokens / scale:0.###} {prefix}tok");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
