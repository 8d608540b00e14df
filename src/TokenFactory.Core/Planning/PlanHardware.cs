namespace TokenFactory.Core.Planning;

/// <summary>One kind of hardware in a plan.</summary>
public sealed record PlanHardware
{
    /// <summary>The hardware's name.</summary>
    public required string Hardware { get; init; }

    /// <summary>Units (racks), spare ones included; whole.</summary>
    public double Units { get; init; }

    /// <summary>Accelerators a unit.</summary>
    public int UnitSize { get; init; }

    /// <summary>Units that stand by for one that is down.</summary>
    public double SpareUnits { get; init; }

    /// <summary>Accelerators, spare and idle ones included.</summary>
    public double Accelerators { get; init; }

    /// <summary>Accelerators that no tier uses, spare ones not counted.</summary>
    public double IdleAccelerators { get; init; }

    /// <summary>True when the plan buys or rents it; false when it is there.</summary>
    public bool Bought { get; init; }

    /// <summary>Power at the meter, watts; null when unknown.</summary>
    public double? PowerWatts { get; init; }

    /// <summary>Capital that buys it with its facility, money; 0 when it is there or rented, null when it has no price.</summary>
    public double? Capital { get; init; }

    /// <summary>Cost per day, money, staff not counted; null when unknown.</summary>
    public double? CostPerDay { get; init; }
}
