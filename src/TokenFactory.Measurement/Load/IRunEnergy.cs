namespace TokenFactory.Measurement.Load;

/// <summary>Measures the energy between two moments.</summary>
public interface IRunEnergy
{
    /// <summary>Starts counting.</summary>
    void StartCounting();

    /// <summary>Ends counting and gives what was used since <see cref="StartCounting"/>.</summary>
    EnergyReading StopCounting();
}

/// <summary>An amount of energy.</summary>
/// <param name="Joules">Joules; null when they could not be measured.</param>
/// <param name="Scope">What they cover: <c>device</c>, <c>package</c>, <c>module</c>, <c>system</c>, <c>declared</c>.</param>
/// <param name="Unavailable">Why there are none; null when there are.</param>
public sealed record EnergyReading(double? Joules, string? Scope, string? Unavailable);
