namespace TokenFactory.Inference.Text.Vocabularies;

/// <summary>The most probable cut of a piece (Kudo 2018), found by dynamic programming over a trie of the vocabulary.</summary>
internal sealed class UnigramModel : TokenModel
{
    private const double UnknownPenalty = 10.0;

    private readonly double[] _scores;
    private readonly int _unknown;
    private readonly int[]? _byteTokens;
    private readonly double _unknownScore;
    private readonly Dictionary<long, int> _edges = [];
    private readonly List<int> _ends = [-1];

    /// <param name="vocabulary">The tokens; ids are positions in <paramref name="scores"/>.</param>
    /// <param name="pieces">Each token by its id.</param>
    /// <param name="scores">The log probability of each token.</param>
    /// <param name="unknown">The unknown token's id; -1 when there is none.</param>
    /// <param name="byteFallback">True when what is unknown falls back to byte tokens.</param>
    public UnigramModel(Vocabulary vocabulary, IReadOnlyList<string> pieces, double[] scores, int unknown, bool byteFallback)
        : base(vocabulary)
    {
        _scores = scores;
        _unknown = unknown;
        _byteTokens = byteFallback ? vocabulary.ByteTokens() : null;
        _unknownScore = (scores.Length == 0 ? 0 : scores.Min()) - UnknownPenalty;
        foreach (string piece in pieces)
        {
            if (piece.Length > 0 && vocabulary.TryGet(piece, out int id))
            {
                Insert(piece, id);
            }
        }
    }

    public override void Tokenize(ReadOnlySpan<char> piece, List<ModelToken> output)
    {
        int size = piece.Length;
        var best = new (double Score, int From, int Id)[size + 1];
        Array.Fill(best, (0, -1, 0));
        for (int start = 0; start < size;)
        {
            int width = char.IsHighSurrogate(piece[start]) && start + 1 < size ? 2 : 1;
            double sofar = best[start].Score;
            bool single = false;
            int node = 0;
            for (int end = start; end < size && _edges.TryGetValue(Edge(node, piece[end]), out node);)
            {
                end++;
                int id = _ends[node];
                if (id < 0)
                {
                    continue;
                }

                double score = sofar + _scores[id];
                if (best[end].From < 0 || score > best[end].Score)
                {
                    best[end] = (score, start, id);
                }

                single |= end - start == width;
            }

            if (!single)
            {
                double score = sofar + _unknownScore;
                if (best[start + width].From < 0 || score > best[start + width].Score)
                {
                    best[start + width] = (score, start, _unknown >= 0 ? _unknown : throw TokenizerException.UnknownToken("a character"));
                }
            }

            start += width;
        }

        Trace(piece, best, output);
    }

    private void Trace(ReadOnlySpan<char> piece, (double Score, int From, int Id)[] best, List<ModelToken> output)
    {
        var cuts = new List<(int Start, int End)>();
        bool fusing = false;
        for (int end = piece.Length; end > 0;)
        {
            (_, int start, int id) = best[end];
            bool unknown = id == _unknown;
            if (unknown && fusing)
            {
                cuts[^1] = (start, cuts[^1].End);
            }
            else
            {
                cuts.Add((start, end));
            }

            fusing = unknown;
            end = start;
        }

        for (int i = cuts.Count - 1; i >= 0; i--)
        {
            (int start, int end) = cuts[i];
            if (Vocabulary.TryGet(piece[start..end], out int id))
            {
                output.Add(new ModelToken(id, start, end));
            }
            else if (!TryBytes(piece, start, end, output))
            {
                output.Add(new ModelToken(_unknown >= 0 ? _unknown : throw TokenizerException.UnknownToken("a character"), start, end));
            }
        }
    }

    private bool TryBytes(ReadOnlySpan<char> piece, int start, int end, List<ModelToken> output)
    {
        if (_byteTokens is null)
        {
            return false;
        }

        byte[] bytes = new byte[System.Text.Encoding.UTF8.GetByteCount(piece[start..end])];
        System.Text.Encoding.UTF8.GetBytes(piece[start..end], bytes);
        if (bytes.Any(b => _byteTokens[b] < 0))
        {
            return false;
        }

        foreach (byte b in bytes)
        {
            output.Add(new ModelToken(_byteTokens[b], start, end));
        }

        return true;
    }

    private static long Edge(int node, char c) => ((long)node << 16) | c;

    private void Insert(string piece, int id)
    {
        int node = 0;
        foreach (char c in piece)
        {
            if (!_edges.TryGetValue(Edge(node, c), out int next))
            {
                next = _ends.Count;
                _ends.Add(-1);
                _edges[Edge(node, c)] = next;
            }

            node = next;
        }

        _ends[node] = id;
    }
}
