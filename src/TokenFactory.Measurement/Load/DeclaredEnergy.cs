using TokenFactory.Hardware.Energy;

namespace TokenFactory.Measurement.Load;

/// <summary>Energy of a machine that can't be metered from here: power that a person declared, times time.</summary>
/// <param name="watts">The power, above 0.</param>
public sealed class DeclaredEnergy(double watts) : IEnergyMeter
{
    /// <inheritdoc/>
    public EnergyScope? Scope => EnergyScope.Declared;

    /// <inheritdoc/>
    public string? Source => FormattableString.Invariant($"declared {watts:0.###} W");

    /// <inheritdoc/>
    public string? Reason => null;

    /// <inheritdoc/>
    public IEnergySpan Start() => new Span(this, TimeProvider.System.GetTimestamp());

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private sealed class Span(DeclaredEnergy meter, long start) : IEnergySpan
    {
        public EnergyReading Stop()
        {
            double seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
            return new EnergyReading(meter.Joules(seconds), seconds, EnergyScope.Declared, meter.Source, null);
        }
    }

    private double Joules(double seconds) => watts * seconds;
}
