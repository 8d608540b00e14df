namespace TokenFactory.Core.Definitions;

/// <summary>What a tier promises at P90. Null is no promise.</summary>
public sealed record ServiceLevel
{
    /// <summary>Longest time to the first fragment, seconds.</summary>
    public double? TtftSeconds { get; init; }

    /// <summary>Slowest interactivity, tokens/s per user.</summary>
    public double? Interactivity { get; init; }
}
