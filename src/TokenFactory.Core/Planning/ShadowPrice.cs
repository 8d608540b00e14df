namespace TokenFactory.Core.Planning;

/// <summary>How a shadow price was found.</summary>
public enum ShadowPriceMethod
{
    /// <summary>The dual value of the linear relaxation, in which racks may be divided: exact for a small step.</summary>
    RelaxationDual,

    /// <summary>The difference after solving the linear relaxation again with the step taken.</summary>
    RelaxationSolvedAgain,
}

/// <summary>What one step more of something is worth a day, in terms of the plan's objective.</summary>
public sealed record ShadowPrice
{
    /// <summary>What there would be more of: <c>Power</c>, <c>Rack</c>, <c>Accelerators</c>, <c>Budget</c>, <c>User</c>, <c>Interactivity</c> or <c>TTFT</c>.</summary>
    public required string Resource { get; init; }

    /// <summary>The site, the hardware or the tier that it belongs to.</summary>
    public required string Name { get; init; }

    /// <summary>The step: <c>1 MW</c>, <c>1 rack</c>, <c>1 user at 100 tok/s all day</c>, <c>10 % looser</c>.</summary>
    public required string Step { get; init; }

    /// <summary>Gain a day of the objective: money, or tokens; for <see cref="PlanObjective.Cost"/> the money saved. Negative when it costs.</summary>
    public required double ValuePerDay { get; init; }

    /// <summary>Unit of the value: the currency, or <c>tok</c>.</summary>
    public required string Unit { get; init; }

    /// <summary>How it was found.</summary>
    public required ShadowPriceMethod Method { get; init; }
}
