using System.Buffers;
using TokenFactory.Inference.Text.Vocabularies;

namespace TokenFactory.Inference.Text.Pipeline;

/// <summary>Turns pieces into ids, remembering the pieces it met. Safe for concurrent use.</summary>
/// <param name="model">The model.</param>
/// <param name="mapsBytes">True when pieces come as text and the model wants GPT-2's byte alphabet.</param>
internal sealed class PieceEncoder(TokenModel model, bool mapsBytes)
{
    private readonly PieceCache _cache = new();

    public bool MapsBytes => mapsBytes;

    public TokenModel Model => model;

    public void Append(ReadOnlySpan<char> piece, IdBuffer ids, List<ModelToken> scratch)
    {
        ulong hash = 0;
        bool remembers = piece.Length <= PieceCache.LongestPiece;
        if (remembers)
        {
            hash = PieceCache.Hash(piece);
            if (_cache.Find(piece, hash) is { } known)
            {
                ids.Add(known);
                return;
            }
        }

        scratch.Clear();
        Tokenize(piece, scratch);
        if (remembers)
        {
            int[] found = new int[scratch.Count];
            for (int i = 0; i < found.Length; i++)
            {
                found[i] = scratch[i].Id;
            }

            _cache.Add(piece, hash, found);
            ids.Add(found);
            return;
        }

        foreach (ModelToken token in scratch)
        {
            ids.Add(token.Id);
        }
    }

    private void Tokenize(ReadOnlySpan<char> piece, List<ModelToken> output)
    {
        if (!mapsBytes)
        {
            model.Tokenize(piece, output);
            return;
        }

        char[] mapped = ArrayPool<char>.Shared.Rent(piece.Length * 3);
        int length = ByteAlphabet.Map(piece, mapped);
        model.Tokenize(mapped.AsSpan(0, length), output);
        ArrayPool<char>.Shared.Return(mapped);
    }
}

/// <summary>A growing list of ids.</summary>
internal sealed class IdBuffer(int capacity)
{
    private int[] _ids = new int[Math.Max(16, capacity)];

    public int Count { get; private set; }

    public void Add(int id)
    {
        if (Count == _ids.Length)
        {
            Array.Resize(ref _ids, Count * 2);
        }

        _ids[Count++] = id;
    }

    public void Add(int[] ids)
    {
        if (ids.Length == 1)
        {
            Add(ids[0]);
            return;
        }

        if (Count + ids.Length > _ids.Length)
        {
            Array.Resize(ref _ids, Math.Max(_ids.Length * 2, Count + ids.Length));
        }

        ids.CopyTo(_ids, Count);
        Count += ids.Length;
    }

    public ReadOnlySpan<int> Span => _ids.AsSpan(0, Count);
}
