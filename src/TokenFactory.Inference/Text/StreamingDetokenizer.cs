using TokenFactory.Inference.Text.Decoding;

namespace TokenFactory.Inference.Text;

/// <summary>Turns tokens into text as they come.</summary>
/// <remarks>
/// All that <see cref="Add"/> and <see cref="Flush"/> return, joined, is what <see cref="Tokenizer.Decode"/> gives for all ids at once. Text is
/// returned when no later token can change it, so never half a character. Not safe for concurrent use.
/// </remarks>
public sealed class StreamingDetokenizer
{
    private readonly Tokenizer _tokenizer;
    private readonly bool _skipSpecialTokens;
    private readonly TextSink _sink = new();
    private DecodeStage _stages;

    internal StreamingDetokenizer(Tokenizer tokenizer, bool skipSpecialTokens)
    {
        _tokenizer = tokenizer;
        _skipSpecialTokens = skipSpecialTokens;
        _stages = tokenizer.StartDecoding(_sink);
    }

    /// <summary>Takes the next token.</summary>
    /// <param name="id">Its id; one that the vocabulary lacks is passed over.</param>
    /// <returns>The text that is now certain, often empty.</returns>
    public string Add(int id)
    {
        if (_tokenizer.Spelling(id, _skipSpecialTokens) is { } token)
        {
            _stages.Push(token, last: true);
        }

        return _sink.Take();
    }

    /// <summary>Ends the text; the next token begins another.</summary>
    /// <returns>What was held back; an unfinished character becomes U+FFFD.</returns>
    public string Flush()
    {
        _stages.Flush();
        string rest = _sink.Take();
        _stages = _tokenizer.StartDecoding(_sink);
        return rest;
    }
}
