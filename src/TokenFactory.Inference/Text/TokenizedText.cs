namespace TokenFactory.Inference.Text;

/// <summary>A text with its tokens.</summary>
public sealed record TokenizedText
{
    /// <summary>The text.</summary>
    public required string Text { get; init; }

    /// <summary>The tokens' ids, special tokens included where they were asked for.</summary>
    public required int[] Ids { get; init; }

    /// <summary>The number of tokens.</summary>
    public int Count => Ids.Length;

    /// <summary>The part of the text that each token covers; for a token of half a character the whole, for an added special token its name.</summary>
    public required string[] Pieces { get; init; }

    /// <summary>Each token as the vocabulary spells it.</summary>
    public required string[] Tokens { get; init; }

    /// <summary>The tokenizer.json.</summary>
    public required string? Model { get; init; }

    /// <summary>Tokenizes a text.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="text">The text.</param>
    /// <param name="addSpecialTokens">True to add the special tokens that the model was trained with.</param>
    /// <exception cref="TokenizerException">See <see cref="Tokenizer.Encode"/>.</exception>
    public static TokenizedText From(Tokenizer tokenizer, string text, bool addSpecialTokens)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        Encoding encoding = tokenizer.Encode(text, addSpecialTokens);
        return new TokenizedText
        {
            Text = text,
            Ids = [.. encoding.Ids],
            Tokens = [.. encoding.Tokens],
            Pieces = [.. encoding.Offsets.Select((range, i) => range.End > range.Start ? text[range.Start..range.End] : encoding.Tokens[i])],
            Model = tokenizer.Path,
        };
    }
}
