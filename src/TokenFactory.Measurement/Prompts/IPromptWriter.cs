namespace TokenFactory.Measurement.Prompts;

/// <summary>Makes synthetic prompts of a length in tokens.</summary>
public interface IPromptWriter
{
    /// <summary>Token ids; empty when this writer makes text.</summary>
    /// <param name="tokens">How many.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="stream">Number of the piece: the same one is the same tokens.</param>
    int[] WriteTokens(int tokens, ulong seed, ulong stream);

    /// <summary>Text of that many tokens; null when this writer makes token ids.</summary>
    /// <param name="tokens">How many.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="stream">Number of the piece: the same one is the same text.</param>
    string? WriteText(int tokens, ulong seed, ulong stream);
}
