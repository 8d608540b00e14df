namespace TokenFactory.Measurement;

/// <summary>What a measured operating point costs in one tier of a factory definition.</summary>
/// <param name="Tier">The tier.</param>
/// <param name="CostPerMillionOutputTokens">Money per million output tokens; null when it could not be computed.</param>
/// <param name="Currency">ISO 4217 code of the money.</param>
/// <param name="Unavailable">Why there is no cost; null when there is one.</param>
public sealed record TierCost(string Tier, double? CostPerMillionOutputTokens, string Currency, string? Unavailable = null)
{
    /// <summary>What the tier costs a day at the measured point, money.</summary>
    public double? CostPerDay { get; init; }

    /// <summary>Output tokens that it sells a day at the measured point.</summary>
    public double? OutputTokensPerDay { get; init; }
}
