namespace TokenFactory.Hardware.Roofline;

/// <summary>What to measure and for how long.</summary>
public sealed record HardwareBenchmarkOptions
{
    /// <summary>Providers by name (CPU, CUDA, …); empty is every one that ONNX Runtime lists here.</summary>
    public IReadOnlyList<string> Providers { get; init; } = [];

    /// <summary>Precisions; empty is fp32, fp16, int8, int4.</summary>
    public IReadOnlyList<string> Precisions { get; init; } = [];

    /// <summary>Time to spend on each product, seconds.</summary>
    public double SecondsPerTest { get; init; } = 0.5;

    /// <summary>Memory bandwidth options.</summary>
    public MemoryBandwidthOptions Memory { get; init; } = new();

    /// <summary>Width of the square matrices; 4096 is the hidden size of models of 7 to 8 billion parameters.</summary>
    public int MatrixSize { get; init; } = 4096;
}
