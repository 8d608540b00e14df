namespace TokenFactory.Core.Economics;

/// <summary>How an outlook's ranges are drawn.</summary>
public sealed record OutlookOptions
{
    /// <summary>Draws of the Monte Carlo; 0 gives central figures only.</summary>
    public int Draws { get; init; } = 10_000;

    /// <summary>Seed: the same seed and definition give the same figures.</summary>
    public int Seed { get; init; } = 1;
}
