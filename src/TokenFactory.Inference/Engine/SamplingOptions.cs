namespace TokenFactory.Inference.Engine;

/// <summary>How one request's tokens are chosen and when it ends. The defaults are greedy.</summary>
public sealed record SamplingOptions
{
    /// <summary>Most output tokens; null is up to the context's end.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Temperature; 0 is greedy.</summary>
    public float Temperature { get; init; }

    /// <summary>Only the k likeliest tokens; 0 is all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the likeliest tokens that together have this probability; 1 is all.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>Only tokens at least this share as likely as the likeliest; 0 is all.</summary>
    public float MinP { get; init; }

    /// <summary>Divides the logits of tokens seen in prompt or output when positive, multiplies when negative; 1 is none.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Subtracts this times a token's count in the output from its logit.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Subtracts this from the logit of each token in the output.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Added to the logits, by token id.</summary>
    public IReadOnlyDictionary<int, float> LogitBias { get; init; } = new Dictionary<int, float>();

    /// <summary>Texts that end the generation; they are not part of the output.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Token ids that end the generation besides the model's own.</summary>
    public IReadOnlyList<int> StopTokens { get; init; } = [];

    /// <summary>True to go on past the model's own end tokens (for measurements of an exact length).</summary>
    public bool IgnoreEndTokens { get; init; }

    /// <summary>Number of top alternatives to report with each token's log probability; null is none, 0 the chosen token alone.</summary>
    public int? LogProbabilities { get; init; }

    /// <summary>Seed of the random draws; the same request with the same seed gives the same tokens whatever else runs.</summary>
    public ulong Seed { get; init; }
}
