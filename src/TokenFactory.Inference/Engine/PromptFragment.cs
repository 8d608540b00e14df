namespace TokenFactory.Inference.Engine;

/// <summary>A piece of an answer as it streams, tied to its prompt.</summary>
public sealed record PromptFragment
{
    /// <summary>Which prompt of those that came together, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>Which of several answers to the prompt, from 0.</summary>
    public int Choice { get; init; }

    /// <summary>The prompt's text.</summary>
    public string? Prompt { get; init; }

    /// <summary>The text that became certain: whole characters, empty while one is incomplete.</summary>
    public required string Text { get; init; }

    /// <summary>The token.</summary>
    public required int TokenId { get; init; }

    /// <summary>Its natural log probability; null when not asked for.</summary>
    public float? LogProbability { get; init; }

    /// <summary>Seconds since the prompt was submitted.</summary>
    public required double Seconds { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Text;
}
