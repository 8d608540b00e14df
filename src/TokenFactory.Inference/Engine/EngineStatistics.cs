namespace TokenFactory.Inference.Engine;

/// <summary>What an engine has done since it was loaded.</summary>
public sealed record EngineStatistics
{
    /// <summary>Decode steps.</summary>
    public long DecodeSteps { get; init; }

    /// <summary>Passes over the weights that decode steps took: one a step, more where sequences can't share one.</summary>
    public long DecodeRuns { get; init; }

    /// <summary>Tokens that decode steps gave.</summary>
    public long DecodeTokens { get; init; }

    /// <summary>Rows that decode steps computed, idle ones between running ones included.</summary>
    public long DecodeRows { get; init; }

    /// <summary>Prompt tokens that were computed.</summary>
    public long PrefillTokens { get; init; }

    /// <summary>Prompt tokens that were taken from another sequence.</summary>
    public long ReusedTokens { get; init; }

    /// <summary>Seconds in decode steps.</summary>
    public double DecodeSeconds { get; init; }

    /// <summary>Seconds in prefill chunks.</summary>
    public double PrefillSeconds { get; init; }

    /// <summary>Decode steps that followed a like step with nothing between them.</summary>
    public long SteadySteps { get; init; }

    /// <summary>Managed bytes that the scheduler's thread allocated in those steps, sampling and delivery included.</summary>
    public long SteadyAllocatedBytes { get; init; }

    /// <summary>Bytes that were copied from host to device memory, tokens and lengths above all; 0 where the model runs in host memory.</summary>
    public long BytesToDevice { get; init; }

    /// <summary>Bytes that were copied from device to host memory: chosen tokens, candidates and rows of logits.</summary>
    public long BytesFromDevice { get; init; }

    /// <summary>Bytes of keys and values that sequences may take.</summary>
    public long KvMemoryBytes { get; init; }

    /// <summary>Bytes of keys and values that sequences hold, ended ones that wait for reuse included.</summary>
    public long KvHeldBytes { get; init; }

    /// <summary>Requests that wait for a place.</summary>
    public int Waiting { get; init; }

    /// <summary>Requests that have a place.</summary>
    public int Running { get; init; }
}
