namespace TokenFactory.Fuzz;

/// <summary>What a case may take. The parent measures its children from outside and ends one that goes beyond.</summary>
public sealed record FuzzLimits
{
    /// <summary>CPU time above which a case is slow, which fails the run, seconds.</summary>
    public double SlowSeconds { get; init; } = 1;

    /// <summary>CPU time at which a case is ended, seconds.</summary>
    public double HangSeconds { get; init; } = 20;

    /// <summary>Wall time without CPU time at which a case is ended, seconds.</summary>
    public double StuckSeconds { get; init; } = 180;

    /// <summary>Growth of resident memory during a case that is too much, bytes.</summary>
    public long MemoryBytes { get; init; } = 1L << 30;

    /// <summary>Resident memory of a child at which it is ended, bytes.</summary>
    public long ProcessBytes { get; init; } = 3L << 30;
}
