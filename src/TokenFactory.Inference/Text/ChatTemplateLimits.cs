namespace TokenFactory.Inference.Text;

/// <summary>How far a chat template may run.</summary>
public sealed record ChatTemplateLimits
{
    /// <summary>The most steps: expressions and statements evaluated, with work on long values counted by their length.</summary>
    public long Steps { get; init; } = 3_000_000;

    /// <summary>The most characters of the rendered text and of all texts and lists made on the way.</summary>
    public long Characters { get; init; } = 64_000_000;

    /// <summary>The most macros and recursive loops inside one another.</summary>
    public int Recursion { get; init; } = 100;
}
