namespace TokenFactory.Inference.Text.Vocabularies;

/// <summary>A token of a piece: its id, and the piece's UTF-16 units that it covers.</summary>
internal readonly record struct ModelToken(int Id, int Start, int End);

/// <summary>Turns a piece into tokens. Immutable and safe for concurrent use.</summary>
internal abstract class TokenModel(Vocabulary vocabulary)
{
    public Vocabulary Vocabulary { get; } = vocabulary;

    /// <summary>Appends the tokens of a piece that isn't empty.</summary>
    /// <exception cref="TokenizerException">The piece has what the vocabulary lacks and there is no unknown token.</exception>
    public abstract void Tokenize(ReadOnlySpan<char> piece, List<ModelToken> output);
}
