using TokenFactory.Measurement.Statistics;

namespace TokenFactory.Measurement.Prompts;

/// <summary>Prompts as random token ids, for targets that take them: exact lengths, no tokenizer needed.</summary>
/// <param name="vocabularySize">Entries of the vocabulary.</param>
/// <param name="excluded">Ids that must not come, such as end tokens.</param>
public sealed class TokenPromptWriter(int vocabularySize, IReadOnlyCollection<int> excluded) : IPromptWriter
{
    private readonly HashSet<int> _excluded = [.. excluded];

    // Special tokens and rare bytes sit at the ends of a vocabulary.
    private readonly int _first = vocabularySize / 8;
    private readonly int _count = Math.Max(1, (vocabularySize * 7 / 8) - (vocabularySize / 8));

    /// <inheritdoc/>
    public int[] WriteTokens(int tokens, ulong seed, ulong stream)
    {
        var random = new SplitMix(seed, stream);
        int[] ids = new int[tokens];
        for (int i = 0; i < tokens; i++)
        {
            int id = _first + random.Below(_count);
            for (int tries = 0; tries < 100 && _excluded.Contains(id); tries++)
            {
                id = _first + random.Below(_count);
            }

            ids[i] = id;
        }

        return ids;
    }

    /// <inheritdoc/>
    public string? WriteText(int tokens, ulong seed, ulong stream) => null;
}
