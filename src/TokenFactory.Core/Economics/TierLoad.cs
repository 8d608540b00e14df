using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Economics;

/// <summary>A tier on its hardware at its operating point, while accelerators are shared out.</summary>
internal sealed class TierLoad
{
    public const double SecondsPerDay = 86400;

    public required TierDefinition Tier { get; init; }

    public required HardwareDefinition Hardware { get; init; }

    public required OperatingPoint Point { get; init; }

    public required PointEconomics Work { get; init; }

    public required bool? MeetsService { get; init; }

    /// <summary>Watts per accelerator at the meter while it serves this tier; null when unknown.</summary>
    public required double? PowerWatts { get; init; }

    /// <summary>Output tokens a day that are asked for; null when all that can be made is sold.</summary>
    public double? Demand { get; init; }

    public AcceleratorBasis Basis { get; set; }

    /// <summary>Accelerators, idle ones included.</summary>
    public double Accelerators { get; set; }

    /// <summary>Accelerators' worth of work that is sold.</summary>
    public double Busy { get; set; }

    /// <summary>Sold output tokens a day.</summary>
    public double Sold { get; set; }

    /// <summary>Money a day for hardware that no tier runs on, this tier's share.</summary>
    public double Stranded { get; set; }

    public AcceleratorHourCost Hour { get; set; } = new();

    public List<string> Notes { get; } = [];

    public double TokensPerAcceleratorDay => Work.OutputTokensPerSecond * SecondsPerDay;

    public double BusyCostPerDay => 24 * Busy * Hour.Total;

    public double CostPerDay => (24 * Accelerators * Hour.Total) + Stranded;

    /// <summary>Accelerators that the demand keeps busy for the share of hours that is sold.</summary>
    public double Needed(double utilization) => Demand!.Value / (TokensPerAcceleratorDay * utilization);

    /// <summary>Takes accelerators and sells what they make, up to the demand.</summary>
    public void Take(double accelerators, double utilization)
    {
        // So few that figures per token would leave the range of numbers: none.
        Accelerators = accelerators = accelerators < 1e-20 ? 0 : accelerators;
        double sellable = accelerators * TokensPerAcceleratorDay * utilization;
        // A demand that was just met must not lose its last bit to a division and a multiplication.
        Sold = Demand is { } demand && demand <= sellable * (1 + 1e-12) ? demand : sellable;
        Busy = Sold / TokensPerAcceleratorDay;
    }
}
