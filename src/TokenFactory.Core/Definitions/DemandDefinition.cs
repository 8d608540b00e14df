using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Definitions;

/// <summary>Demand for a tier's output tokens, per day.</summary>
public sealed record DemandDefinition
{
    /// <summary>Mean demand, output tokens per day.</summary>
    public Estimate? MeanTokensPerDay { get; init; }

    /// <summary>Demand that must be served, output tokens per day.</summary>
    public Estimate? MinTokensPerDay { get; init; }

    /// <summary>Most that can be sold, output tokens per day.</summary>
    public Estimate? MaxTokensPerDay { get; init; }

    /// <summary>Peak rate divided by mean rate, 1 or more. Absent is 1.</summary>
    public Estimate? PeakToMean { get; init; }
}
