using TokenFactory.Core.Quantities;

namespace TokenFactory.Core;

/// <summary>One configuration of model and accelerators with its speed, volume, power and cost.</summary>
/// <remarks>
/// A declared point with output throughput alone has the workload's prefill inside, and all its cost falls on output tokens. With
/// input throughput as well, prefill and decode run on accelerators of their own.
/// </remarks>
public record OperatingPoint
{
    /// <summary>Name of the model; null when any.</summary>
    public string? Model { get; init; }

    /// <summary>Name of the accelerator or of the definition's hardware; null when any.</summary>
    public string? Accelerator { get; init; }

    /// <summary>Precision in lower case; null when not said.</summary>
    public string? Precision { get; init; }

    /// <summary>Parallelism as engines write it, <c>TP8</c>, <c>TP1 EP8</c>; null when not said.</summary>
    public string? Parallelism { get; init; }

    /// <summary>Sequences in one decode step; null when not said.</summary>
    public double? Batch { get; init; }

    /// <summary>Tokens/s per user: 1 / TPOT, P90 where it was measured.</summary>
    public double? Interactivity { get; init; }

    /// <summary>Output tokens/s of one accelerator (of one that only decodes, where input throughput is given too).</summary>
    public required Estimate OutputTokensPerSecondPerAccelerator { get; init; }

    /// <summary>Uncached input tokens/s of one accelerator that only prefills; null when prefill is inside the output throughput.</summary>
    public Estimate? InputTokensPerSecondPerAccelerator { get; init; }

    /// <summary>Time to first token, seconds, P90; null when unknown, and then never counted as meeting a service level.</summary>
    public double? TtftSeconds { get; init; }

    /// <summary>Watts per accelerator at the meter; null when the hardware's figure holds.</summary>
    public double? PowerWattsPerAccelerator { get; init; }

    /// <summary>Output tokens/s per megawatt at the meter; null when the power is unknown.</summary>
    public double? TokensPerSecondPerMegawatt { get; init; }

    /// <summary>Money per million output tokens; null before it was priced.</summary>
    public double? CostPerMillionOutputTokens { get; init; }

    /// <summary>What limits it, for example <c>bandwidth</c>, <c>compute</c>; null when unknown.</summary>
    public string? LimitedBy { get; init; }

    /// <summary>True when no other point beats it in both interactivity and throughput; null before it was compared.</summary>
    public bool? OnFrontier { get; init; }

    /// <summary>True when the definition marks the figures as assumed, without a source.</summary>
    public bool Assumed { get; init; }

    /// <summary>Where the figures came from.</summary>
    public FigureSource Source { get; init; } = FigureSource.Declared;

    /// <summary>The source in words: a publication, a run; null when not said.</summary>
    public string? SourceDetail { get; init; }
}
