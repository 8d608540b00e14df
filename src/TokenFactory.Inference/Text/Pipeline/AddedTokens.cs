using System.Buffers;
using TokenFactory.Inference.Text.Characters;

namespace TokenFactory.Inference.Text.Pipeline;

/// <summary>A token that is found in the text before anything else happens to it.</summary>
internal sealed record AddedToken(int Id, string Content, bool SingleWord, bool LeftStrip, bool RightStrip, bool Normalized, bool Special)
{
    /// <summary>What is looked for in the text and comes back in decoding: normalized where the token says so.</summary>
    public string Sought { get; init; } = Content;
}

/// <summary>Finds added tokens in a text: leftmost first, the longest of those that start together.</summary>
internal sealed class AddedTokenFinder
{
    private const int LengthLimit = 2048;

    private readonly SearchValues<char> _starts;
    private readonly Dictionary<long, int> _edges = [];
    private readonly List<AddedToken?> _nodes = [null];

    public AddedTokenFinder(IEnumerable<(string Text, AddedToken Token)> tokens)
    {
        var starts = new HashSet<char>();
        foreach ((string text, AddedToken token) in tokens)
        {
            if (text.Length == 0)
            {
                continue;
            }

            if (text.Length > LengthLimit)
            {
                throw TokenizerException.Invalid($"An added token is longer than {LengthLimit} characters. Check added_tokens in tokenizer.json.");
            }

            starts.Add(text[0]);
            int node = 0;
            foreach (char c in text)
            {
                long edge = ((long)node << 16) | c;
                if (!_edges.TryGetValue(edge, out int next))
                {
                    next = _nodes.Count;
                    _nodes.Add(null);
                    _edges[edge] = next;
                }

                node = next;
            }

            _nodes[node] = token;
        }

        _starts = SearchValues.Create([.. starts]);
    }

    public bool IsEmpty => _edges.Count == 0;

    /// <summary>Cuts a text at its added tokens.</summary>
    /// <param name="text">The text.</param>
    /// <param name="found">Called with each part in order: the token, or null for the text between, with start and end.</param>
    public void Split(string text, Action<AddedToken?, int, int> found)
    {
        int last = 0;
        int at = 0;
        while (at < text.Length)
        {
            int skip = text.AsSpan(at).IndexOfAny(_starts);
            if (skip < 0)
            {
                break;
            }

            at += skip;
            if (!TryMatch(text, at, out AddedToken? token, out int end))
            {
                at++;
                continue;
            }

            int start = at;
            at = end;
            if (token.SingleWord && (EndsWithWord(text, start) || StartsWithWord(text, end)))
            {
                continue;
            }

            if (token.LeftStrip)
            {
                while (start > last && CharacterClasses.Space.Contains(text[start - 1]))
                {
                    start--;
                }
            }

            if (token.RightStrip)
            {
                while (end < text.Length && CharacterClasses.Space.Contains(text[end]))
                {
                    end++;
                }
            }

            if (last < start)
            {
                found(null, last, start);
            }

            found(token, start, end);
            last = end;
        }

        if (last < text.Length)
        {
            found(null, last, text.Length);
        }
    }

    private static bool EndsWithWord(string text, int end)
    {
        if (end == 0)
        {
            return false;
        }

        int last = end >= 2 && char.IsSurrogatePair(text, end - 2) ? char.ConvertToUtf32(text, end - 2) : text[end - 1];
        return CharacterClasses.RustWord.Contains(last);
    }

    private static bool StartsWithWord(string text, int start) =>
        start < text.Length && CharacterClasses.RustWord.Contains(char.IsSurrogatePair(text, start) ? char.ConvertToUtf32(text, start) : text[start]);

    private bool TryMatch(string text, int at, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out AddedToken? token, out int end)
    {
        token = null;
        end = at;
        int node = 0;
        for (int i = at; i < text.Length && _edges.TryGetValue(((long)node << 16) | text[i], out node); i++)
        {
            if (_nodes[node] is { } match)
            {
                token = match;
                end = i + 1;
            }
        }

        return token is not null;
    }
}
