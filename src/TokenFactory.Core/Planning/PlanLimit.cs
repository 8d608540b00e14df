namespace TokenFactory.Core.Planning;

/// <summary>What a limit of a plan is about.</summary>
public enum PlanLimitKind
{
    /// <summary>Power at the meter, MW.</summary>
    Power,

    /// <summary>A tier's fixed share of the power, MW.</summary>
    PowerShare,

    /// <summary>Units of hardware that is there.</summary>
    Accelerators,

    /// <summary>Floor space, racks.</summary>
    Racks,

    /// <summary>Capital, money.</summary>
    Budget,

    /// <summary>Most that a tier can sell, output tokens a day.</summary>
    MaximumDemand,

    /// <summary>What a tier must serve, output tokens a day.</summary>
    MinimumDemand,
}

/// <summary>A limit of a plan with what is used of it.</summary>
public sealed record PlanLimit
{
    /// <summary>What it is about.</summary>
    public required PlanLimitKind Kind { get; init; }

    /// <summary>The site, the hardware or the tier that it belongs to.</summary>
    public required string Name { get; init; }

    /// <summary>What the plan uses, in <see cref="Unit"/>.</summary>
    public required double Used { get; init; }

    /// <summary>What there is (or must be, for a minimum), in <see cref="Unit"/>.</summary>
    public required double Available { get; init; }

    /// <summary>The unit of both.</summary>
    public required string Unit { get; init; }

    /// <summary>True when the linear relaxation would do better with more of it (or with less, for a minimum).</summary>
    public required bool Binds { get; init; }
}
