namespace TokenFactory.Core.Economics;

/// <summary>How ranges in a definition become ranges in an answer.</summary>
public sealed record CostOptions
{
    /// <summary>Draws of the Monte Carlo; 0 gives central figures only.</summary>
    public int Draws { get; init; } = 1000;

    /// <summary>Seed: the same seed and definition give the same figures.</summary>
    public int Seed { get; init; } = 1;
}
