using TokenFactory.Core.Catalog;

namespace TokenFactory.Core.Economics;

/// <summary>What an operating point makes of one accelerator's time for a workload, before money.</summary>
/// <remarks>
/// Aggregated (no input throughput): output tokens/s as stated, prefill inside. Disaggregated: an output token takes 1/output seconds of a
/// decoding accelerator and r/input seconds of a prefilling one, where r is uncached input tokens per output token. Accelerators that
/// keep pace divide in that ratio, so one accelerator of the whole makes 1 / (r/input + 1/output) output tokens/s.
/// </remarks>
public readonly record struct PointEconomics
{
    /// <summary>Output tokens/s of one accelerator of the whole, prefilling ones counted.</summary>
    public double OutputTokensPerSecond { get; private init; }

    /// <summary>Share of the accelerators that prefill, 0 to 1; 0 when prefill is inside the output throughput.</summary>
    public double PrefillShare { get; private init; }

    /// <summary>True when prefill and decode run on accelerators of their own.</summary>
    public bool IsDisaggregated { get; private init; }

    /// <summary>Uncached input tokens per output token; 0 when the workload is not said.</summary>
    public double UncachedInputPerOutput { get; private init; }

    /// <summary>Cached input tokens per output token.</summary>
    public double CachedInputPerOutput { get; private init; }

    /// <summary>Reads a point for a workload.</summary>
    /// <param name="point">The point.</param>
    /// <param name="workload">The requests' shape; null when not said, which a disaggregated point can't do without.</param>
    /// <exception cref="TokenFactoryException"><c>ThroughputOutOfRange</c>, <c>WorkloadMissing</c>, <c>WorkloadOutOfRange</c>.</exception>
    public static PointEconomics Of(OperatingPoint point, WorkloadProfile? workload)
    {
        double output = Positive(point.OutputTokensPerSecondPerAccelerator, "output");
        double uncached = 0;
        double cached = 0;
        if (workload is not null)
        {
            if (!(workload.OutputTokens > 0) || !(workload.InputTokens >= 0) || !(workload.CacheHitRatio is >= 0 and <= 1))
            {
                throw new TokenFactoryException("WorkloadOutOfRange", FailureKind.InvalidInput,
                    "A workload needs output tokens above 0, input tokens of 0 or more, and a cacheHit from 0 % to 100 %. Correct the tier's workload.", workload.Name);
            }

            double ratio = workload.InputTokens / workload.OutputTokens;
            cached = ratio * workload.CacheHitRatio;
            uncached = ratio - cached;
        }

        var result = new PointEconomics { OutputTokensPerSecond = output, UncachedInputPerOutput = uncached, CachedInputPerOutput = cached };
        if (point.InputTokensPerSecondPerAccelerator is not { } input)
        {
            return result;
        }

        if (workload is null)
        {
            throw new TokenFactoryException("WorkloadMissing", FailureKind.InvalidInput,
                "An operating point with input throughput prefills and decodes on accelerators of their own, and how many of each depends on the workload. Add one to the tier, for example 'workload: { input: 4k, output: 1k }' or 'workload: chat'.");
        }

        double prefill = uncached / Positive(input, "input");
        double decode = 1 / output;
        return result with
        {
            IsDisaggregated = true,
            OutputTokensPerSecond = 1 / (prefill + decode),
            PrefillShare = prefill / (prefill + decode),
        };
    }

    /// <summary>Money per million output tokens when every cost of the accelerator falls on output: USD/h / (tokens/s × 3600) × 10⁶.</summary>
    /// <param name="costPerAcceleratorHour">Money per accelerator-hour.</param>
    /// <param name="utilization">Share of the hours that make sold tokens, above 0.</param>
    public double CostPerMillionOutputTokens(double costPerAcceleratorHour, double utilization = 1) =>
        costPerAcceleratorHour / (OutputTokensPerSecond * 3600 * utilization) * 1e6;

    /// <summary>Output tokens/s per megawatt: tokens/s × 10⁶ / W.</summary>
    /// <param name="watts">Watts per accelerator at the meter, above 0.</param>
    public double TokensPerSecondPerMegawatt(double watts) => OutputTokensPerSecond * 1e6 / watts;

    /// <summary>Joules per output token: W / (tokens/s).</summary>
    /// <param name="watts">Watts per accelerator at the meter.</param>
    public double JoulesPerToken(double watts) => watts / OutputTokensPerSecond;

    private static double Positive(double value, string name) =>
        value > 0 && double.IsFinite(value) ? value : throw new TokenFactoryException("ThroughputOutOfRange", FailureKind.InvalidInput,
            FormattableString.Invariant($"An operating point needs {name} tokens/s above 0 per accelerator; got {value}. Correct the tier's production, for example 'production: {{ output: 1850 tok/s/accelerator }}'."), value);
}
