namespace TokenFactory.Inference.Engine;

/// <summary>What a sequence's own tokens do to its next logits: repetition, frequency and presence penalties, and a bias.</summary>
/// <remarks>
/// Repetition as Keskar et al. 2019 (CTRL) in Hugging Face's form: positive logits are divided, negative ones multiplied, for tokens of
/// prompt or output. Frequency and presence as OpenAI's API defines them, for tokens of the output.
/// </remarks>
internal sealed class Penalties
{
    private readonly SamplingOptions _options;
    private readonly int[] _outputCounts;
    private readonly bool[] _known;
    private readonly int[] _distinct;
    private readonly KeyValuePair<int, float>[] _bias;
    private int _distinctCount;

    private Penalties(SamplingOptions options, ReadOnlySpan<int> prompt, int vocabulary)
    {
        _options = options;
        _outputCounts = new int[vocabulary];
        _known = new bool[vocabulary];
        _distinct = new int[vocabulary];
        _bias = [.. options.LogitBias.Where(b => b.Key >= 0 && b.Key < vocabulary)];
        if (options.RepetitionPenalty != 1)
        {
            foreach (int token in prompt)
            {
                Meet(token);
            }
        }
    }

    /// <summary>The penalties of a request; null when it has none.</summary>
    public static Penalties? For(SamplingOptions options, ReadOnlySpan<int> prompt, int vocabulary) =>
        options.RepetitionPenalty != 1 || options.FrequencyPenalty != 0 || options.PresencePenalty != 0 || options.LogitBias.Count > 0
            ? new Penalties(options, prompt, vocabulary)
            : null;

    /// <summary>Counts an output token.</summary>
    public void Add(int token)
    {
        if ((uint)token < (uint)_known.Length)
        {
            Meet(token);
            _outputCounts[token]++;
        }
    }

    /// <summary>Changes the logits in place.</summary>
    public void Apply(Span<float> logits)
    {
        foreach (int token in _distinct.AsSpan(0, _distinctCount))
        {
            float logit = logits[token];
            if (_options.RepetitionPenalty != 1)
            {
                logit = logit > 0 ? logit / _options.RepetitionPenalty : logit * _options.RepetitionPenalty;
            }

            int count = _outputCounts[token];
            if (count > 0)
            {
                logit -= (_options.FrequencyPenalty * count) + _options.PresencePenalty;
            }

            logits[token] = logit;
        }

        foreach (KeyValuePair<int, float> bias in _bias)
        {
            logits[bias.Key] += bias.Value;
        }
    }

    private void Meet(int token)
    {
        if ((uint)token < (uint)_known.Length && !_known[token])
        {
            _known[token] = true;
            _distinct[_distinctCount++] = token;
        }
    }
}
