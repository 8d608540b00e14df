using TokenFactory.Inference.Text.Characters;

namespace TokenFactory.Inference.Text.Patterns;

/// <summary>The tree of a pattern.</summary>
internal abstract record PatternNode
{
    internal sealed record Empty : PatternNode;

    /// <summary>One code point of a set.</summary>
    internal sealed record One(CodePointSet Set) : PatternNode;

    internal sealed record Sequence(IReadOnlyList<PatternNode> Parts) : PatternNode;

    internal sealed record Choice(IReadOnlyList<PatternNode> Parts) : PatternNode;

    /// <summary>Repetition; <c>Max</c> is -1 when unbounded.</summary>
    internal sealed record Repeat(PatternNode Body, int Min, int Max, RepeatMode Mode) : PatternNode;

    internal sealed record Group(PatternNode Body, int Index) : PatternNode;

    internal sealed record Atomic(PatternNode Body) : PatternNode;

    internal sealed record Look(PatternNode Body, bool Behind, bool Negative) : PatternNode;

    internal sealed record Anchor(AnchorKind Kind) : PatternNode;

    internal sealed record Backreference(int Index) : PatternNode;
}

internal enum RepeatMode
{
    Greedy,
    Lazy,
    Possessive,
}

internal enum AnchorKind
{
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
    TextEndOrLastNewline,
    WordBoundary,
    NotWordBoundary,
}
