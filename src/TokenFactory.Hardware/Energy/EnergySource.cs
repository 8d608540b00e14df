using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Energy;

/// <summary>An instrument: a counter of joules, or a power that is added up over time.</summary>
/// <param name="Name">The instrument and its device.</param>
/// <param name="Scope">What it covers.</param>
/// <param name="UpdateSeconds">How often the instrument itself renews its value.</param>
/// <param name="Read">Joules of a counter, or watts.</param>
internal sealed record EnergySource(string Name, EnergyScope Scope, double UpdateSeconds, Func<Reading<double>> Read)
{
    /// <summary>True when <see cref="Read"/> gives watts.</summary>
    public bool IsPower { get; init; }

    /// <summary>Where a counter starts again from 0, joules; null when it is wide enough never to.</summary>
    public double? WrapJoules { get; init; }

    /// <summary>More than this can't be true, watts: a jump that implies it is a reset or garbage.</summary>
    public double MostWatts { get; init; } = 20_000;

    /// <summary>The instrument in general, for people: <c>RAPL</c>, <c>NVML energy counter</c>.</summary>
    public required string Instrument { get; init; }
}
