using TokenFactory.Inference.Providers;

namespace TokenFactory.Inference.Engine;

/// <summary>How a model is loaded and scheduled. The defaults fit an interactive user and a small server alike.</summary>
public sealed record EngineOptions
{
    /// <summary>What runs the graph; <see cref="ExecutionProvider.Auto"/> takes the best that opens.</summary>
    public ExecutionProvider Provider { get; init; }

    /// <summary>Device of the provider, from 0.</summary>
    public int DeviceId { get; init; }

    /// <summary>Threads of one step; null is the cores that this process may use.</summary>
    public int? Threads { get; init; }

    /// <summary>Most sequences that decode in one step.</summary>
    public int MaxBatch { get; init; } = 16;

    /// <summary>Longest sequence, prompt and output together, tokens; null is the model's context.</summary>
    public int? ContextTokens { get; init; }

    /// <summary>
    /// Memory that keys and values may take, bytes; null is half of what is free at load, in the device's memory where the model runs on a
    /// device, and 1 GiB there when the free memory of the device can't be read.
    /// </summary>
    public long? KvMemoryBytes { get; init; }

    /// <summary>True to take the keys and values of a prompt's beginning from another sequence that began with the same tokens.</summary>
    public bool PrefixReuse { get; init; } = true;

    /// <summary>
    /// True to reuse what was computed for output tokens too, as in a long chat. Those keys differ in their last bits from a
    /// prefill of the same tokens, so a request may then get other tokens than alone.
    /// </summary>
    public bool ReuseOutput { get; init; }

    /// <summary>
    /// True to let a request alone get the very tokens it gets in a batch. Where ONNX Runtime's kernels compute quantized products, a batch is kept at
    /// two rows or more, which costs about a tenth of the speed of a single stream; with <see cref="OwnKernels"/> it costs nothing. Graphs with a growing cache then run one sequence at a time: filling
    /// up shorter rows moves the terms of sums, which shows in the last bits.
    /// </summary>
    public bool Exact { get; init; }

    /// <summary>Prompt tokens of a chunk while fewer than eight streams decode.</summary>
    public int SmallestChunk { get; init; } = 16;

    /// <summary>Prompt tokens of a chunk while nothing decodes.</summary>
    public int LargestChunk { get; init; } = 128;

    /// <summary>With eight streams or more, a chunk may take this share of a usual step.</summary>
    public double ChunkShare { get; init; } = 0.5;

    /// <summary>Waiting this long raises a request's priority by one, so that none starves.</summary>
    public TimeSpan AgeingInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>True to let the threads of a step spin for the next piece of work instead of sleeping.</summary>
    public bool Spinning { get; init; } = true;

    /// <summary>True to compute products with 4-bit weights by kernels of our own where the processor has the instructions; false to leave them to ONNX Runtime.</summary>
    public bool OwnKernels { get; init; } = true;

    /// <summary>Takes the device's path on the processor, whose memory stands for the device's: for tests.</summary>
    internal DeviceMode? DevicePath { get; init; }
}
