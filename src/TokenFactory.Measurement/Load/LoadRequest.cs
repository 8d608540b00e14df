namespace TokenFactory.Measurement.Load;

/// <summary>A request that a load sends.</summary>
public sealed record LoadRequest
{
    /// <summary>Its place in the run, from 0; warm-up and cool-down requests have places of their own.</summary>
    public long Index { get; init; }

    /// <summary>Number of the session that it belongs to; −1 when it stands alone.</summary>
    public int Session { get; init; } = -1;

    /// <summary>Its turn in the session, from 0.</summary>
    public int Turn { get; init; }

    /// <summary>The whole prompt as token ids, for targets that take them; empty when it is text.</summary>
    public ReadOnlyMemory<int> Tokens { get; init; }

    /// <summary>The prompt's text, in a session that of its newest turn; null when it is tokens.</summary>
    public string? Text { get; init; }

    /// <summary>What was said before in the session, oldest first.</summary>
    public IReadOnlyList<LoadMessage> History { get; init; } = [];

    /// <summary>Output tokens to ask for.</summary>
    public required int OutputTokens { get; init; }

    /// <summary>True when the answer must be kept because the session goes on with it.</summary>
    public bool KeepOutput { get; init; }
}

/// <summary>One message of a session.</summary>
/// <param name="Role"><c>user</c> or <c>assistant</c>.</param>
/// <param name="Text">What was said.</param>
public sealed record LoadMessage(string Role, string Text);
