namespace TokenFactory.Inference.Engine;

/// <summary>One prompt to be continued.</summary>
public sealed record GenerationRequest
{
    /// <summary>The prompt as token ids, at least one.</summary>
    public required ReadOnlyMemory<int> InputTokens { get; init; }

    /// <summary>How tokens are chosen and when it ends.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Higher goes first; equal ones in order of arrival. None starves.</summary>
    public int Priority { get; init; }

    /// <summary>The prompt's text, carried into the result; null when it came as tokens.</summary>
    public string? Prompt { get; init; }
}
