using TokenFactory.Inference.Text.Decoding;

namespace TokenFactory.Inference.Text.Pipeline;

/// <summary>What a tokenizer.json describes, put together. Immutable.</summary>
internal sealed class TokenizerParts
{
    public required Normalizer? Normalizer { get; init; }

    public required PreTokenizer? PreTokenizer { get; init; }

    public required PieceEncoder Encoder { get; init; }

    public required PostProcessor PostProcessor { get; init; }

    public required Func<DecodeStage, DecodeStage> StartDecoding { get; init; }

    public required AddedTokenFinder RawTokens { get; init; }

    public required AddedTokenFinder NormalizedTokens { get; init; }

    public required IReadOnlyDictionary<string, AddedToken> AddedByContent { get; init; }

    public required IReadOnlyDictionary<int, AddedToken> AddedById { get; init; }

    public required IReadOnlySet<string> Special { get; init; }

    public required int VocabularySize { get; init; }
}
