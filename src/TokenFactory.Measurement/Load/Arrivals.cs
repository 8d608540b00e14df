using MathNet.Numerics.Distributions;
using TokenFactory.Measurement.Statistics;

namespace TokenFactory.Measurement.Load;

/// <summary>How the gaps between arrivals are distributed.</summary>
public enum ArrivalProcess
{
    /// <summary>All gaps are equal.</summary>
    Constant,

    /// <summary>Gaps are exponential: arrivals of many users who do not know each other.</summary>
    Poisson,

    /// <summary>Gaps follow a gamma distribution with a chosen coefficient of variation: above 1 burstier than Poisson, below 1 smoother.</summary>
    Gamma,
}

/// <summary>Requests at a mean rate.</summary>
/// <param name="Rate">Requests per second, above 0.</param>
/// <param name="Process">How the gaps are distributed.</param>
/// <param name="Variation">Coefficient of variation of the gaps; counts for <see cref="ArrivalProcess.Gamma"/> alone.</param>
public sealed record RateLoad(double Rate, ArrivalProcess Process = ArrivalProcess.Poisson, double Variation = 1) : ArrivalLoad
{
    /// <inheritdoc/>
    public override double? RatePerSecond => Rate;

    /// <inheritdoc/>
    public override string Describe() => Process == ArrivalProcess.Gamma
        ? FormattableString.Invariant($"{Rate:0.###} requests/s, gamma, variation {Variation:0.###}")
        : FormattableString.Invariant($"{Rate:0.###} requests/s, {Process.ToString().ToLowerInvariant()}");

    /// <inheritdoc/>
    public override IEnumerable<Arrival> Arrivals(ulong seed)
    {
        var random = new SplitMix(seed, 0xA221);
        double time = 0;
        for (long i = 0; ; i++)
        {
            // A sum of constant gaps would drift from the exact times.
            time = Process == ArrivalProcess.Constant ? i / Rate : time + (Gap(random.Unit()) / Rate);
            yield return new Arrival(time);
        }
    }

    private double Gap(double unit)
    {
        if (Process == ArrivalProcess.Poisson)
        {
            return -Math.Log(unit);
        }

        double shape = 1 / (Variation * Variation);
        return Gamma.InvCDF(shape, shape, Math.Min(unit, 1 - 1e-15));
    }
}

/// <summary>A rate that rises, or falls, evenly from one value to another and then stays; gaps are Poisson's.</summary>
/// <param name="From">Requests per second at the start, not negative.</param>
/// <param name="To">Requests per second at the end of the ramp, above 0.</param>
/// <param name="Ramp">Length of the ramp.</param>
public sealed record RampLoad(double From, double To, TimeSpan Ramp) : ArrivalLoad
{
    /// <inheritdoc/>
    public override double? RatePerSecond => null;

    /// <inheritdoc/>
    public override string Describe() =>
        FormattableString.Invariant($"{From:0.###} to {To:0.###} requests/s in {Ramp.TotalSeconds:0.###} s, poisson");

    /// <inheritdoc/>
    public override IEnumerable<Arrival> Arrivals(ulong seed)
    {
        // Time change of a unit Poisson process: the n-th arrival is where the integral of the rate reaches the n-th unit arrival.
        var random = new SplitMix(seed, 0xA222);
        double length = Ramp.TotalSeconds;
        double inRamp = (From + To) / 2 * length;
        double slope = (To - From) / length;
        double mass = 0;
        while (true)
        {
            mass -= Math.Log(random.Unit());
            double time = mass >= inRamp || length <= 0
                ? Math.Max(0, length) + ((mass - Math.Max(0, inRamp)) / To)
                : Math.Abs(slope) < 1e-12 ? mass / From : ((Math.Sqrt((From * From) + (2 * slope * mass)) - From) / slope);
            yield return new Arrival(time);
        }
    }
}

/// <summary>The requests of a recorded trace at their times.</summary>
/// <param name="Name">The trace's name.</param>
/// <param name="Entries">Its requests in order of time.</param>
/// <param name="Speed">How many times faster than recorded, above 0.</param>
public sealed record TraceLoad(string Name, IReadOnlyList<TraceEntry> Entries, double Speed = 1) : ArrivalLoad
{
    /// <inheritdoc/>
    public override double? RatePerSecond =>
        Entries.Count < 2 || Entries[^1].Seconds <= Entries[0].Seconds ? null : (Entries.Count - 1) * Speed / (Entries[^1].Seconds - Entries[0].Seconds);

    /// <inheritdoc/>
    public override string Describe() => FormattableString.Invariant($"trace {Name}, {Entries.Count} requests, {Speed:0.###} x");

    /// <inheritdoc/>
    public override IEnumerable<Arrival> Arrivals(ulong seed)
    {
        double start = Entries.Count == 0 ? 0 : Entries[0].Seconds;
        foreach (TraceEntry entry in Entries)
        {
            yield return new Arrival((entry.Seconds - start) / Speed, entry);
        }
    }
}
