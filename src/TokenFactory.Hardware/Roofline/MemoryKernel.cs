namespace TokenFactory.Hardware.Roofline;

/// <summary>Memory access patterns: those of McCalpin's STREAM, and the pure read that decoding weights is.</summary>
public enum MemoryKernel
{
    /// <summary>Reads one array. 8 bytes counted an element.</summary>
    Read,

    /// <summary><c>b = a</c>. 16 bytes counted an element.</summary>
    Copy,

    /// <summary><c>b = s·a</c>. 16 bytes counted an element.</summary>
    Scale,

    /// <summary><c>c = a + b</c>. 24 bytes counted an element.</summary>
    Add,

    /// <summary><c>a = b + s·c</c>. 24 bytes counted an element.</summary>
    Triad,
}

/// <summary>Bandwidth of one access pattern.</summary>
/// <param name="Kernel">The pattern.</param>
/// <param name="BytesPerSecond">Best of all passes, as STREAM reports it. Bytes as STREAM counts them: what the program moves.</param>
/// <param name="MedianBytesPerSecond">Median of all passes.</param>
/// <param name="Passes">Passes that were timed, after one that was not.</param>
public sealed record BandwidthResult(MemoryKernel Kernel, double BytesPerSecond, double MedianBytesPerSecond, int Passes);
