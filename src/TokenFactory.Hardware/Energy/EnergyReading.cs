using TokenFactory.Core;

namespace TokenFactory.Hardware.Energy;

/// <summary>Energy of a window of time, or why it is not known. It is never 0: a counter that did not move tells nothing.</summary>
/// <param name="Joules">Energy; null when it could not be measured.</param>
/// <param name="Seconds">Length of the window.</param>
/// <param name="Scope">What the joules cover; null when nothing could be metered.</param>
/// <param name="Source">The instrument, for example <c>NVML energy counter</c>; null when there is none.</param>
/// <param name="Reason">Why there are no joules; null when there are.</param>
public sealed record EnergyReading(double? Joules, double Seconds, EnergyScope? Scope, string? Source, string? Reason)
{
    /// <summary>The instruments that were added up, each with its own joules or reason.</summary>
    public IReadOnlyList<EnergyPart> Parts { get; init => field = value.ToIndexable(); } = [];

    /// <summary>Mean power over the window, watts; null without joules.</summary>
    public double? MeanWatts => Joules is { } joules && Seconds > 0 ? joules / Seconds : null;
}

/// <summary>One instrument's share of a reading.</summary>
/// <param name="Name">The instrument and its device.</param>
/// <param name="Joules">Its energy; null when it could not be measured.</param>
/// <param name="Reason">Why not; null when it was.</param>
public sealed record EnergyPart(string Name, double? Joules, string? Reason);
