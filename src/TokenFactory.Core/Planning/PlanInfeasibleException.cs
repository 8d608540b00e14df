namespace TokenFactory.Core.Planning;

/// <summary>A demand that can't be met together with the others.</summary>
/// <param name="Tier">The tier.</param>
/// <param name="DemandTokensPerDay">Output tokens per day that must be served.</param>
/// <param name="AloneTokensPerDay">Most that could be made if all the factory served this tier.</param>
/// <param name="ShortfallTokensPerDay">What is missing when the relative shortfalls of all demands together are as small as possible.</param>
/// <param name="Clashes">True when it is part of the smallest set found that can't be met together.</param>
public sealed record DemandShortfall(
    string Tier, double DemandTokensPerDay, double AloneTokensPerDay, double ShortfallTokensPerDay, bool Clashes);

/// <summary>No plan serves all the demands that must be served.</summary>
public sealed class PlanInfeasibleException : TokenFactoryException
{
    /// <summary>Creates the failure.</summary>
    /// <param name="message">Which demands clash and by how much.</param>
    /// <param name="factory">The factory's name.</param>
    /// <param name="shortfalls">Each demand that must be served.</param>
    /// <param name="limits">The limits that stop the nearest plan.</param>
    public PlanInfeasibleException(string message, string factory, IReadOnlyList<DemandShortfall> shortfalls, IReadOnlyList<string> limits)
        : base("PlanInfeasible", FailureKind.InvalidInput, message, factory)
    {
        Shortfalls = shortfalls;
        Limits = limits;
    }

    /// <summary>Each demand that must be served.</summary>
    public IReadOnlyList<DemandShortfall> Shortfalls { get; }

    /// <summary>The limits that stop the nearest plan, in words.</summary>
    public IReadOnlyList<string> Limits { get; }
}
