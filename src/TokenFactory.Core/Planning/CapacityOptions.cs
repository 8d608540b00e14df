namespace TokenFactory.Core.Planning;

/// <summary>The question put to <see cref="CapacityModel"/>.</summary>
public sealed record CapacityOptions
{
    /// <summary>Operating points beside those that the definition declares: measured or predicted ones.</summary>
    public IReadOnlyList<OperatingPoint> OperatingPoints { get; init; } = [];

    /// <summary>Headroom that must be left, as a fraction of the demand: 0.2 asks that demand may still grow by 20 %.</summary>
    public double RequiredHeadroom { get; init; }

    /// <summary>The day of the question. Demand grows from <c>outlook.start</c>, or from this day when the definition has none.</summary>
    public DateOnly AsOf { get; init; } = DateOnly.FromDateTime(DateTime.Today);

    /// <summary>The last day on which capacity must hold; null asks for <see cref="AsOf"/> alone.</summary>
    public DateOnly? Until { get; init; }

    /// <summary>Draws of the Monte Carlo when the definition has ranges; 0 gives central figures only.</summary>
    public int Draws { get; init; }

    /// <summary>Seed of the draws: the same seed and definition give the same figures.</summary>
    public int Seed { get; init; } = 1;
}
