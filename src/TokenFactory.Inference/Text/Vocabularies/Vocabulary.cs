namespace TokenFactory.Inference.Text.Vocabularies;

/// <summary>Tokens and their ids, both ways. Immutable.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly string?[] _tokens;

    /// <exception cref="TokenizerException">An id is negative or far beyond the number of tokens.</exception>
    public Vocabulary(Dictionary<string, int> ids)
    {
        _ids = ids;
        _lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        int highest = -1;
        foreach ((string token, int id) in ids)
        {
            if (id < 0 || id > (ids.Count * 8L) + 1_000_000)
            {
                throw TokenizerException.Invalid($"The id {id} of a token is out of range. Check the vocabulary in tokenizer.json.", token);
            }

            highest = Math.Max(highest, id);
        }

        _tokens = new string?[highest + 1];
        foreach ((string token, int id) in ids)
        {
            _tokens[id] = token;
        }
    }

    public int Count => _ids.Count;

    public IEnumerable<string> Tokens => _ids.Keys;

    public bool TryGet(ReadOnlySpan<char> token, out int id) => _lookup.TryGetValue(token, out id);

    public string? Token(int id) => (uint)id < (uint)_tokens.Length ? _tokens[id] : null;

    /// <summary>The ids of the tokens <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>; -1 where one is missing.</summary>
    public int[] ByteTokens()
    {
        int[] ids = new int[256];
        for (int b = 0; b < 256; b++)
        {
            ids[b] = _ids.GetValueOrDefault($"<0x{b:X2}>", -1);
        }

        return ids;
    }
}
