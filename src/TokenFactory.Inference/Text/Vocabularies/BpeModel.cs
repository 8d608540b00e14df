using System.Buffers;
using System.Text;

namespace TokenFactory.Inference.Text.Vocabularies;

/// <summary>Byte-pair encoding as tokenizer.json files mean it: characters first, then merges by rank, the leftmost of equals first.</summary>
/// <remarks>Dropout is a training device and is not applied.</remarks>
internal sealed class BpeModel : TokenModel
{
    private const int ScanLimit = 48;

    private readonly MergeTable _merges;
    private readonly BpeOptions _options;
    private readonly int[]? _byteTokens;
    private readonly int _unknown;
    private readonly int[] _characters = new int[1024];

    public BpeModel(Vocabulary vocabulary, MergeTable merges, BpeOptions options)
        : base(vocabulary)
    {
        _merges = merges;
        _options = options;
        _byteTokens = options.ByteFallback ? vocabulary.ByteTokens() : null;
        _unknown = options.Unknown is { } unknown && vocabulary.TryGet(unknown, out int id) ? id : -1;
        for (int c = 0; c < _characters.Length; c++)
        {
            _characters[c] = vocabulary.TryGet([(char)c], out int own) ? own : -1;
        }
    }

    public override void Tokenize(ReadOnlySpan<char> piece, List<ModelToken> output)
    {
        if (_options.IgnoreMerges && Vocabulary.TryGet(piece, out int whole))
        {
            output.Add(new ModelToken(whole, 0, piece.Length));
            return;
        }

        Symbol[] symbols = ArrayPool<Symbol>.Shared.Rent((piece.Length * 3) + 4);
        try
        {
            int count = Start(piece, symbols);
            if (count > ScanLimit)
            {
                MergeByHeap(symbols, count);
                for (int i = 0; i >= 0 && i < count; i = symbols[i].Next)
                {
                    output.Add(new ModelToken(symbols[i].Id, symbols[i].Start, symbols[i].End));
                }
            }
            else
            {
                count = MergeByScan(symbols, count);
                for (int i = 0; i < count; i++)
                {
                    output.Add(new ModelToken(symbols[i].Id, symbols[i].Start, symbols[i].End));
                }
            }
        }
        finally
        {
            ArrayPool<Symbol>.Shared.Return(symbols);
        }
    }

    private int Start(ReadOnlySpan<char> piece, Symbol[] symbols)
    {
        bool affixes = _options.Prefix.Length + _options.Suffix.Length > 0;
        int count = 0;
        int pendingStart = -1;
        int pendingEnd = 0;
        Span<byte> bytes = stackalloc byte[4];
        for (int i = 0; i < piece.Length;)
        {
            int width = char.IsHighSurrogate(piece[i]) && i + 1 < piece.Length ? 2 : 1;
            int start = i;
            int end = i + width;
            i = end;
            if (TryCharacter(piece, start, end, affixes, out int id))
            {
                if (pendingStart >= 0)
                {
                    symbols[count++] = new Symbol(_unknown, pendingStart, pendingEnd);
                    pendingStart = -1;
                }

                symbols[count++] = new Symbol(id, start, end);
                continue;
            }

            if (_byteTokens is not null && TryBytes(piece, start, end, affixes, symbols, ref count))
            {
                // An unknown stretch before stays pending, as in the reference: it comes out after these bytes.
                continue;
            }

            if (_options.Unknown is null)
            {
                continue;
            }

            if (_unknown < 0)
            {
                throw TokenizerException.UnknownToken("a character");
            }

            if (pendingStart >= 0 && !_options.FuseUnknown)
            {
                symbols[count++] = new Symbol(_unknown, pendingStart, pendingEnd);
                pendingStart = -1;
            }

            pendingStart = pendingStart >= 0 ? pendingStart : start;
            pendingEnd = end;
        }

        if (pendingStart >= 0)
        {
            symbols[count++] = new Symbol(_unknown, pendingStart, pendingEnd);
        }

        return count;
    }

    private bool TryCharacter(ReadOnlySpan<char> piece, int start, int end, bool affixes, out int id)
    {
        if (!affixes)
        {
            if (end - start == 1 && piece[start] < _characters.Length)
            {
                id = _characters[piece[start]];
                return id >= 0;
            }

            return Vocabulary.TryGet(piece[start..end], out id);
        }

        return Vocabulary.TryGet(Affixed(piece, start, end), out id);
    }

    private string Affixed(ReadOnlySpan<char> piece, int start, int end) =>
        string.Concat(start > 0 ? _options.Prefix : "", piece[start..end], end == piece.Length ? _options.Suffix : "");

    private bool TryBytes(ReadOnlySpan<char> piece, int start, int end, bool affixes, Symbol[] symbols, ref int count)
    {
        byte[] bytes = affixes ? System.Text.Encoding.UTF8.GetBytes(Affixed(piece, start, end)) : [];
        Span<byte> few = stackalloc byte[4];
        if (!affixes)
        {
            Rune.DecodeFromUtf16(piece[start..end], out Rune rune, out _);
            few = few[..rune.EncodeToUtf8(few)];
        }
        else
        {
            few = bytes;
        }

        if (few.Length + count > symbols.Length)
        {
            return false;
        }

        foreach (byte b in few)
        {
            if (_byteTokens![b] < 0)
            {
                return false;
            }
        }

        foreach (byte b in few)
        {
            symbols[count++] = new Symbol(_byteTokens![b], start, end);
        }

        return true;
    }

    private int MergeByScan(Symbol[] symbols, int count)
    {
        Span<int> ranks = stackalloc int[ScanLimit];
        Span<int> results = stackalloc int[ScanLimit];
        for (int i = 0; i + 1 < count; i++)
        {
            _merges.TryGet(symbols[i].Id, symbols[i + 1].Id, out ranks[i], out results[i]);
        }

        while (count > 1)
        {
            int best = 0;
            for (int i = 1; i < count - 1; i++)
            {
                if (ranks[i] < ranks[best])
                {
                    best = i;
                }
            }

            if (ranks[best] == int.MaxValue)
            {
                break;
            }

            symbols[best] = new Symbol(results[best], symbols[best].Start, symbols[best + 1].End);
            count--;
            symbols.AsSpan(best + 2, count - best - 1).CopyTo(symbols.AsSpan(best + 1));
            ranks.Slice(best + 1, count - best - 1).CopyTo(ranks[best..]);
            results.Slice(best + 1, count - best - 1).CopyTo(results[best..]);
            if (best + 1 < count)
            {
                _merges.TryGet(symbols[best].Id, symbols[best + 1].Id, out ranks[best], out results[best]);
            }

            if (best > 0)
            {
                _merges.TryGet(symbols[best - 1].Id, symbols[best].Id, out ranks[best - 1], out results[best - 1]);
            }
        }

        return count;
    }

    private void MergeByHeap(Symbol[] symbols, int count)
    {
        var heap = new MergeHeap(count);
        for (int i = 0; i < count; i++)
        {
            symbols[i].Previous = i - 1;
            symbols[i].Next = i + 1 < count ? i + 1 : -1;
            if (i + 1 < count && _merges.TryGet(symbols[i].Id, symbols[i + 1].Id, out int rank, out _))
            {
                heap.Append(rank, i);
            }
        }

        heap.Order();
        while (heap.TryPop(out int rank, out int at))
        {
            int next = symbols[at].Next;

            // A symbol that was merged away has id -1; an entry whose pair has changed is stale.
            if (symbols[at].Id < 0 || next < 0 || !_merges.TryGet(symbols[at].Id, symbols[next].Id, out int current, out int result) || current != rank)
            {
                continue;
            }

            symbols[at].Id = result;
            symbols[at].End = symbols[next].End;
            int after = symbols[next].Next;
            symbols[at].Next = after;
            symbols[next].Id = -1;
            if (after >= 0)
            {
                symbols[after].Previous = at;
                if (_merges.TryGet(result, symbols[after].Id, out int right, out _))
                {
                    heap.Push(right, at);
                }
            }

            int before = symbols[at].Previous;
            if (before >= 0 && _merges.TryGet(symbols[before].Id, result, out int left, out _))
            {
                heap.Push(left, before);
            }
        }
    }

    private struct Symbol(int id, int start, int end)
    {
        public int Id = id;
        public int Start = start;
        public int End = end;
        public int Previous;
        public int Next;
    }
}

/// <summary>How a byte-pair vocabulary treats what it lacks.</summary>
internal sealed record BpeOptions(string? Unknown, string Prefix, string Suffix, bool FuseUnknown, bool ByteFallback, bool IgnoreMerges);
