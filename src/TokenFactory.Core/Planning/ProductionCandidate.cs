using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Planning;

/// <summary>One way for a tier to be made: an operating point on one of the definition's hardware.</summary>
/// <param name="Tier">The tier.</param>
/// <param name="Hardware">The hardware.</param>
/// <param name="Point">The operating point.</param>
/// <param name="OutputTokensPerSecond">
/// Output tokens/s of one accelerator with its share of prefill: where prefill runs apart, 1 / (1 / output + r / input) with r uncached input tokens an
/// output token, so that both keep pace.
/// </param>
/// <param name="Watts">Watts per accelerator at the meter; null when unknown.</param>
/// <param name="Shortcoming">Why it does not meet the tier's service level; null when it does.</param>
internal sealed record ProductionCandidate(
    TierDefinition Tier,
    HardwareDefinition Hardware,
    OperatingPoint Point,
    double OutputTokensPerSecond,
    double? Watts,
    string? Shortcoming);
