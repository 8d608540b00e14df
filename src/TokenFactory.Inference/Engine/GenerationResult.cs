using TokenFactory.Core;

namespace TokenFactory.Inference.Engine;

/// <summary>A finished generation with its usage, timings, energy and cost.</summary>
public sealed record GenerationResult
{
    /// <summary>The prompt's text; null when it came as tokens.</summary>
    public string? Prompt { get; init; }

    /// <summary>Which prompt of those that came together, from 0.</summary>
    public int Index { get; init; }

    /// <summary>Which of several answers to the prompt, from 0.</summary>
    public int Choice { get; init; }

    /// <summary>The generated text.</summary>
    public required string Text { get; init; }

    /// <summary>The generated token ids, an end token included.</summary>
    public required IReadOnlyList<int> TokenIds { get; init => field = value.ToIndexable(); }

    /// <summary>Log probability of each token with its top alternatives; null when not asked for.</summary>
    public IReadOnlyList<TokenLogProbability>? LogProbabilities { get; init => field = value?.ToIndexable(); }

    /// <summary>Name of the model.</summary>
    public string? Model { get; init; }

    /// <summary>The execution provider that ran it.</summary>
    public string? Provider { get; init; }

    /// <summary>Tokens of the prompt.</summary>
    public int InputTokens { get; init; }

    /// <summary>Tokens of the prompt that were not computed again.</summary>
    public int CachedTokens { get; init; }

    /// <summary>Tokens generated.</summary>
    public int OutputTokens { get; init; }

    /// <summary>Why it ended.</summary>
    public FinishReason FinishReason { get; init; }

    /// <summary>Seconds from submission to the first token.</summary>
    public double? TtftSeconds { get; init; }

    /// <summary>(last token's time − first token's time) / (output tokens − 1), seconds; null for fewer than two tokens.</summary>
    public double? TpotSeconds { get; init; }

    /// <summary>Seconds from submission to the end.</summary>
    public double E2eSeconds { get; init; }

    /// <summary>Joules; null when they could not be measured.</summary>
    public double? EnergyJoules { get; init; }

    /// <summary>Money it cost; null without a factory definition.</summary>
    public double? Cost { get; init; }

    /// <summary>Currency of the cost.</summary>
    public string? Currency { get; init; }

    /// <summary>True when the model's weights are random and the text means nothing.</summary>
    public bool RandomWeights { get; init; }
}

/// <summary>Log probability of a token and the likeliest alternatives at its place.</summary>
/// <param name="TokenId">The chosen token.</param>
/// <param name="LogProbability">Its natural log probability before temperature and filters.</param>
/// <param name="Alternatives">The likeliest tokens with their log probabilities, likeliest first.</param>
public sealed record TokenLogProbability(int TokenId, float LogProbability, IReadOnlyList<KeyValuePair<int, float>> Alternatives);
