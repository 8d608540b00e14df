namespace TokenFactory.Core.Economics;

/// <summary>What a tie price is a price of.</summary>
public enum TieBasis
{
    /// <summary>Rent per accelerator-hour.</summary>
    RatePerHour,

    /// <summary>Purchase price per accelerator.</summary>
    Price,
}

/// <summary>One operating point of one tier beside others. Money in <see cref="Currency"/>.</summary>
public sealed record CostComparison
{
    /// <summary>What is compared: the tier, with its factory and interactivity where these tell it apart.</summary>
    public required string Subject { get; init; }

    /// <summary>The factory's name.</summary>
    public required string Factory { get; init; }

    /// <summary>The tier's name.</summary>
    public required string Tier { get; init; }

    /// <summary>Name of the hardware in the definition.</summary>
    public required string Hardware { get; init; }

    /// <summary>Tokens/s per user; null when unknown.</summary>
    public double? Interactivity { get; init; }

    /// <summary>Output tokens/s of one accelerator, prefilling ones counted.</summary>
    public required double OutputTokensPerSecondPerAccelerator { get; init; }

    /// <summary>Output tokens/s per megawatt at the meter; null when the power is unknown.</summary>
    public double? TokensPerSecondPerMegawatt { get; init; }

    /// <summary>Joules at the meter per output token; null when the power is unknown.</summary>
    public double? JoulesPerToken { get; init; }

    /// <summary>Money per accelerator-hour.</summary>
    public required double CostPerAcceleratorHour { get; init; }

    /// <summary>All of the tier's cost per million output tokens, prefill included: what is compared. Null when none is sold.</summary>
    public double? CostPerMillionOutputTokens { get; init; }

    /// <summary>Range of <see cref="CostPerMillionOutputTokens"/>; null when no input is a range.</summary>
    public PercentileRange? CostPerMillionOutputTokensRange { get; init; }

    /// <summary>The reference's cost per million / this one's: how many times cheaper it is.</summary>
    public double? CostRatio { get; init; }

    /// <summary>This one's tokens/s per megawatt / the reference's.</summary>
    public double? TokensPerMegawattRatio { get; init; }

    /// <summary>This one's throughput per accelerator / the reference's.</summary>
    public double ThroughputRatio { get; init; }

    /// <summary>The subject that the ratios refer to.</summary>
    public required string Reference { get; init; }

    /// <summary>True when nothing that is as fast for a user is cheaper.</summary>
    public bool Cheapest { get; init; }

    /// <summary>It is the cheapest for users who ask for more than this many tokens/s; null when it is nowhere the cheapest.</summary>
    public double? CheapestAbove { get; init; }

    /// <summary>And at most this many tokens/s; null when it is nowhere the cheapest, or its interactivity is unknown.</summary>
    public double? CheapestUpTo { get; init; }

    /// <summary>The interactivity that was asked for, tokens/s per user; null when none was.</summary>
    public double? AtInteractivity { get; init; }

    /// <summary>The cheapest other subject, which the tie price is against; null when there is none.</summary>
    public string? TiesWith { get; init; }

    /// <summary>Price of this hardware at which its tokens cost what the cheapest other's do. Negative when even free hardware is too dear.</summary>
    public double? TiePrice { get; init; }

    /// <summary>What <see cref="TiePrice"/> is a price of.</summary>
    public TieBasis? TieBasis { get; init; }

    /// <summary>The tie in words.</summary>
    public string? Tie { get; init; }

    /// <summary>ISO 4217 code of the currency.</summary>
    public required string Currency { get; init; }

    /// <summary>Where the operating point came from.</summary>
    public required FigureSource Source { get; init; }

    /// <summary>True when the operating point is assumed, without a source.</summary>
    public bool Assumed { get; init; }
}
