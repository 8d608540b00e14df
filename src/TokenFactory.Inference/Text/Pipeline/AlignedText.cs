namespace TokenFactory.Inference.Text.Pipeline;

/// <summary>A stretch of the input, perhaps rewritten, with where each of its characters came from.</summary>
/// <param name="Value">The text as it is now.</param>
/// <param name="Map">Two entries a UTF-16 unit: start and end in the input; null when the text is the input from <paramref name="Shift"/> on, or nobody asks.</param>
/// <param name="Shift">Where the stretch starts in the input.</param>
internal sealed record AlignedText(string Value, int[]? Map, int Shift)
{
    /// <summary>Characters that its rewritings may have; 0 for a text that is the input.</summary>
    public int Limit { get; init; }

    public int StartOf(int index) => Map is null ? Shift + index : Value.Length == 0 ? Shift : index < Value.Length ? Map[2 * index] : Map[^1];

    /// <summary>Where a range of the text came from.</summary>
    public (int Start, int End) Original(int start, int end)
    {
        if (Map is null)
        {
            return (Shift + start, Shift + end);
        }

        if (end <= start)
        {
            int at = StartOf(start);
            return (at, at);
        }

        return (Map[2 * start], Map[(2 * end) - 1]);
    }
}

/// <summary>A part of an <see cref="AlignedText"/>.</summary>
internal readonly record struct Piece(AlignedText Text, int Start, int Length)
{
    public ReadOnlySpan<char> Span => Text.Value.AsSpan(Start, Length);

    public bool AtInputStart => Start == 0 && Text.Shift == 0;

    public static Piece Whole(AlignedText text) => new(text, 0, text.Value.Length);

    public Piece Slice(int start, int end) => new(Text, Start + start, end - start);
}
