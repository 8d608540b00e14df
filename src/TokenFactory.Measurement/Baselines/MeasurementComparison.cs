using System.Globalization;

namespace TokenFactory.Measurement.Baselines;

/// <summary>What a comparison with a baseline says.</summary>
public enum ComparisonVerdict
{
    /// <summary>No difference that the noise of the repeats does not explain, or none that matters.</summary>
    Noise,

    /// <summary>Better than the baseline.</summary>
    Better,

    /// <summary>Worse than the baseline.</summary>
    Worse,
}

/// <summary>One figure of a run against the same figure of its baseline.</summary>
public sealed record MeasurementComparison
{
    /// <summary>The model.</summary>
    public required string Model { get; init; }

    /// <summary>The load's shape in words; runs are compared with those of the same model, call and load.</summary>
    public required string Load { get; init; }

    /// <summary>The figure: a property's name of the measurement, with its percentile where it has some.</summary>
    public required string Metric { get; init; }

    /// <summary>The baseline's median over its repeats.</summary>
    public double? Baseline { get; init; }

    /// <summary>The run's median over its repeats.</summary>
    public double? Current { get; init; }

    /// <summary>Current / baseline − 1; null when either is missing or the baseline is 0.</summary>
    public double? Change => Current is { } current && Baseline is { } baseline && baseline != 0 ? (current / baseline) - 1 : null;

    /// <summary>True when larger values of the figure are better.</summary>
    public bool HigherIsBetter { get; init; }

    /// <summary>The verdict.</summary>
    public ComparisonVerdict Verdict { get; init; }

    /// <summary>Two-sided p-value of the rank test, before the correction for testing several figures.</summary>
    public double? PValue { get; init; }

    /// <summary>The p-value after Holm's correction; the verdict is by it.</summary>
    public double? AdjustedPValue { get; init; }

    /// <summary>Cliff's delta: −1 when every repeat is below every one of the baseline, 1 when above, 0 when neither.</summary>
    public double? EffectSize { get; init; }

    /// <summary>Repeats of the baseline.</summary>
    public int BaselineRepeats { get; init; }

    /// <summary>Repeats of the run.</summary>
    public int Repeats { get; init; }

    /// <summary>Why the verdict is noise: no difference, one too small, or too few repeats to tell; empty for the others.</summary>
    public string Reason { get; init; } = "";

    /// <summary>True when there were enough repeats for a verdict other than noise.</summary>
    public bool Decidable { get; init; }

    /// <summary>The figure with its change and verdict.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Metric}: {Change * 100:+0.0;-0.0;0} % ({Verdict})");
}
