using TokenFactory.Core;

namespace TokenFactory.Hardware.Roofline;

/// <summary>What one execution provider of this machine achieves: bandwidth, compute, and the roofline they span.</summary>
public sealed record HardwareMeasurement
{
    /// <summary>Execution provider: CPU, CUDA, …</summary>
    public required string Provider { get; init; }

    /// <summary>The device's name.</summary>
    public required string Device { get; init; }

    /// <summary>Threads that were used; null for providers that have none.</summary>
    public int? Threads { get; init; }

    /// <summary>Bandwidth by access pattern; empty for providers whose memory only products can measure.</summary>
    public IReadOnlyList<BandwidthResult> Bandwidth { get; init => field = value.ToIndexable(); } = [];

    /// <summary>Read bandwidth, bytes/s.</summary>
    public double? ReadBytesPerSecond { get; init; }

    /// <summary>Triad bandwidth, bytes/s.</summary>
    public double? TriadBytesPerSecond { get; init; }

    /// <summary>Matrix products by precision.</summary>
    public IReadOnlyList<ComputeResult> Compute { get; init => field = value.ToIndexable(); } = [];

    /// <summary>The bandwidth that the roofline stands on, bytes/s: the read, or the fastest decode product where there is no read.</summary>
    public double? RooflineBytesPerSecond { get; init; }

    /// <summary>Fields without a value, each with the reason.</summary>
    public IReadOnlyDictionary<string, string> Unavailable { get; init; } = new Dictionary<string, string>();

    /// <summary>What the roofline allows for a kernel of a given intensity, operations/s; null when the precision was not measured.</summary>
    /// <param name="precision">Precision, as measured.</param>
    /// <param name="operationsPerByte">Arithmetic intensity of the kernel.</param>
    /// <remarks>Williams, Waterman and Patterson: Roofline, CACM 52(4), 2009: min(peak, bandwidth × intensity).</remarks>
    public double? Attainable(string precision, double operationsPerByte) =>
        Compute.FirstOrDefault(c => string.Equals(c.Precision, precision, StringComparison.OrdinalIgnoreCase)) is { OperationsPerSecond: { } peak } && RooflineBytesPerSecond is { } bandwidth
            ? Math.Min(peak, bandwidth * operationsPerByte)
            : null;
}
