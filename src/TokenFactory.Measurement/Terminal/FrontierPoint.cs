using TokenFactory.Core.Economics;

namespace TokenFactory.Measurement.Terminal;

/// <summary>A point of the plot of speed against volume.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Interactivity">Tokens/s per user; null when unknown, and then it is not plotted.</param>
/// <param name="Throughput">Output tokens/s per accelerator.</param>
public sealed record FrontierPoint(string Label, double? Interactivity, double Throughput)
{
    /// <summary>The point of a tier's cost.</summary>
    /// <param name="cost">The cost.</param>
    public static FrontierPoint Of(CostBreakdown cost) => new(cost.Tier, cost.Interactivity, cost.OutputTokensPerSecondPerAccelerator);

    /// <summary>The point of a compared row.</summary>
    /// <param name="row">The row.</param>
    public static FrontierPoint Of(CostComparison row) => new(row.Subject, row.Interactivity, row.OutputTokensPerSecondPerAccelerator);
}
