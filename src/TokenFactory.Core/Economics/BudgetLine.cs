namespace TokenFactory.Core.Economics;

/// <summary>Whether tokens are cheaper bought or made.</summary>
public enum MakeOrBuy
{
    /// <summary>Price or own cost is not known, so they can't be compared.</summary>
    Unknown,

    /// <summary>Making them on own hardware is cheaper.</summary>
    Make,

    /// <summary>Buying them at the price is cheaper.</summary>
    Buy,
}

/// <summary>What one role's tokens cost a day, bought and made. Money in <see cref="Currency"/>.</summary>
public sealed record BudgetLine
{
    /// <summary>The factory's name.</summary>
    public required string Factory { get; init; }

    /// <summary>The role.</summary>
    public required string Role { get; init; }

    /// <summary>People of that role.</summary>
    public required double People { get; init; }

    /// <summary>Output tokens a person and day.</summary>
    public required double TokensPerPersonPerDay { get; init; }

    /// <summary>Output tokens of the role a day.</summary>
    public required double TokensPerDay { get; init; }

    /// <summary>The tier that serves it.</summary>
    public required string Tier { get; init; }

    /// <summary>Money a day at the tier's prices, input by the workload's ratio included; null when the tier has no price.</summary>
    public double? PriceCostPerDay { get; init; }

    /// <summary>Money a person and day at the tier's prices.</summary>
    public double? PriceCostPerPersonPerDay => People > 0 ? PriceCostPerDay / People : null;

    /// <summary>
    /// Money a day on own hardware: the role's share, by tokens, of the whole units that all roles of the tier need, staff included; null when
    /// there is no operating point or hardware to price.
    /// </summary>
    public double? OwnCostPerDay { get; init; }

    /// <summary>Accelerators that all roles of the tier need together, in whole units.</summary>
    public double? Accelerators { get; init; }

    /// <summary>Own money per million output tokens at this demand.</summary>
    public double? OwnCostPerMillionOutputTokens { get; init; }

    /// <summary>
    /// Output tokens a day, all roles of the tier together, from which own hardware (what is counted, or its first whole unit) costs less than the price; null
    /// when it never does.
    /// </summary>
    public double? BreakEvenTokensPerDay { get; init; }

    /// <summary>Price less own cost a day; negative when buying is cheaper.</summary>
    public double? SavingPerDay => PriceCostPerDay - OwnCostPerDay;

    /// <summary>Whether this role's tokens are cheaper bought or made.</summary>
    public MakeOrBuy Verdict { get; init; }

    /// <summary>Range of <see cref="PriceCostPerDay"/>; null when no input is a range.</summary>
    public PercentileRange? PriceCostPerDayRange { get; init; }

    /// <summary>Range of <see cref="OwnCostPerDay"/>; null when no input is a range.</summary>
    public PercentileRange? OwnCostPerDayRange { get; init; }

    /// <summary>Why a figure is missing, and what else a reader should know.</summary>
    public IReadOnlyList<string> Notes { get; init => field = value.ToIndexable(); } = [];

    /// <summary>True when the operating point behind the own cost is assumed.</summary>
    public bool Assumed { get; init; }

    /// <summary>ISO 4217 code of the currency.</summary>
    public required string Currency { get; init; }
}
