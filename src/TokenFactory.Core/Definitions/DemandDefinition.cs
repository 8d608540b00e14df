using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Definitions;

/// <summary>Demand for a tier's output tokens, per day.</summary>
public sealed record DemandDefinition
{
    /// <summary>Mean demand, output tokens per day.</summary>
    public Estimate? MeanTokensPerDay { get; init; }

    /// <summary>Demand that must be served, output tokens per day.</summary>
    public Estimate? MinTokensPerDay { get; init; }

    /// <summary>Most that can be sold, output tokens per day: the demand where no mean is stated; beside a mean it only bounds it.</summary>
    public Estimate? MaxTokensPerDay { get; init; }

    /// <summary>Peak rate divided by mean rate, 1 or more. Absent is 1.</summary>
    public Estimate? PeakToMean { get; init; }

    /// <summary>
    /// What can be sold, output tokens per day: the mean, which is what is asked for, or <see cref="MaxTokensPerDay"/> where no mean is stated or a drawn mean is above
    /// it. Null: all that can be made is sold.
    /// </summary>
    /// <remarks>One definition for cost, plan and outlook. Nobody sells more over a day than is asked for, so a maximum above the mean is not sold.</remarks>
    public double? SellableTokensPerDay => MeanTokensPerDay is { } mean
        ? Math.Min(mean.Value, MaxTokensPerDay?.Value ?? double.PositiveInfinity)
        : MaxTokensPerDay?.Value;
}
