using TokenFactory.Core;
using TokenFactory.Measurement.Load;

namespace TokenFactory.Measurement.Prompts;

/// <summary>Given prompts, in order and from the beginning again when the run needs more.</summary>
public sealed class FixedPrompts : IPromptSource
{
    private readonly IReadOnlyList<string> _prompts;
    private readonly int[]?[] _tokens;
    private readonly int _outputTokens;

    /// <summary>Creates the source.</summary>
    /// <param name="prompts">The prompts, at least one.</param>
    /// <param name="outputTokens">Output tokens to ask for.</param>
    /// <param name="encode">Encodes a prompt, for targets that take token ids; null to send text.</param>
    /// <exception cref="TokenFactoryException"><c>PromptEmpty</c>: there is none.</exception>
    public FixedPrompts(IReadOnlyList<string> prompts, int outputTokens, Func<string, int[]>? encode = null)
    {
        if (prompts.Count == 0)
        {
            throw new TokenFactoryException("PromptEmpty", FailureKind.InvalidInput, "There is no prompt. Give at least one that is not empty.");
        }

        _prompts = prompts;
        _outputTokens = outputTokens;
        _tokens = new int[prompts.Count][];
        for (int i = 0; i < prompts.Count && encode is not null; i++)
        {
            _tokens[i] = encode(prompts[i]);
        }
    }

    /// <inheritdoc/>
    public LoadRequest Create(long index, TraceEntry? entry = null)
    {
        int i = (int)(index % _prompts.Count);
        return new LoadRequest
        {
            Index = index,
            Text = _prompts[i],
            Tokens = _tokens[i],
            OutputTokens = entry?.OutputTokens ?? _outputTokens,
        };
    }
}
