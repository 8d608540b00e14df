using System.Diagnostics.CodeAnalysis;

namespace TokenFactory.Hardware.Energy;

/// <summary>Measures energy over windows of time. Windows may overlap; all members are thread-safe.</summary>
public interface IEnergyMeter : IDisposable
{
    /// <summary>What its joules cover; null when nothing can be metered.</summary>
    EnergyScope? Scope { get; }

    /// <summary>The instrument; null when there is none.</summary>
    string? Source { get; }

    /// <summary>Why nothing can be metered, and what would help; null when it can.</summary>
    string? Reason { get; }

    /// <summary>Opens a window now.</summary>
    IEnergySpan Start();
}

/// <summary>An open window of an energy meter.</summary>
public interface IEnergySpan
{
    /// <summary>Closes the window and tells its energy. A second call tells the longer window.</summary>
    [SuppressMessage("Naming", "CA1716", Justification = "Stop is a keyword of Visual Basic only, and the plain name.")]
    EnergyReading Stop();
}
