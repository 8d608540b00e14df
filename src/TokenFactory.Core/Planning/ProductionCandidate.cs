using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;

namespace TokenFactory.Core.Planning;

/// <summary>One way for a tier to be made: an operating point on one of the definition's hardware.</summary>
/// <param name="Tier">The tier.</param>
/// <param name="Hardware">The hardware.</param>
/// <param name="Point">The operating point.</param>
/// <param name="Work">What one accelerator makes of the tier's workload, with its share of prefill.</param>
/// <param name="Watts">Watts per accelerator at the meter; null when unknown.</param>
/// <param name="Shortcoming">Why it does not meet the tier's service level; null when it does.</param>
internal sealed record ProductionCandidate(
    TierDefinition Tier,
    HardwareDefinition Hardware,
    OperatingPoint Point,
    PointEconomics Work,
    double? Watts,
    string? Shortcoming)
{
    /// <summary>Output tokens/s of one accelerator, prefilling ones counted.</summary>
    public double OutputTokensPerSecond => Work.OutputTokensPerSecond;
}
