namespace TokenFactory.Core.Economics;

/// <summary>Why money is spent.</summary>
public enum CostCauseKind
{
    /// <summary>Annuity of owned hardware in the hours that make sold tokens.</summary>
    Capital,

    /// <summary>Energy in the hours that make sold tokens.</summary>
    Energy,

    /// <summary>Annuity of buildings and power in the hours that make sold tokens.</summary>
    Facility,

    /// <summary>Staff in the hours that make sold tokens.</summary>
    Staff,

    /// <summary>Rent of hardware in the hours that make sold tokens.</summary>
    Rent,

    /// <summary>All of these in the hours that make no sold token.</summary>
    Idle,
}

/// <summary>What the accelerators do that a cost belongs to.</summary>
public enum CostPhase
{
    /// <summary>Prefill and decode on the same accelerators; the cost falls on output tokens.</summary>
    Serving,

    /// <summary>Accelerators that only prefill; the cost falls on uncached input tokens.</summary>
    Prefill,

    /// <summary>Accelerators that only decode; the cost falls on output tokens.</summary>
    Decode,
}

/// <summary>One cause of a tier's cost in one phase. A tier's causes sum to its cost to the last digit.</summary>
public sealed record CostCause
{
    /// <summary>Why the money is spent.</summary>
    public required CostCauseKind Cause { get; init; }

    /// <summary>On which work.</summary>
    public required CostPhase Phase { get; init; }

    /// <summary>Money a day.</summary>
    public required double CostPerDay { get; init; }

    /// <summary>
    /// Money per million of the tokens that it falls on: uncached input tokens for prefill, else output tokens. The causes of one kind of token
    /// sum to the tier's figure for it to the last digit. Null when no such token is sold.
    /// </summary>
    public double? CostPerMillionTokens { get; init; }

    /// <summary>Share of the tier's cost, 0 to 1.</summary>
    public double Share { get; init; }

    /// <summary>Cause and share in words.</summary>
    public override string ToString() =>
        FormattableString.Invariant($"{Cause}{(Phase == CostPhase.Serving ? "" : $" ({Phase})")} {Share * 100:0.#} %");
}
