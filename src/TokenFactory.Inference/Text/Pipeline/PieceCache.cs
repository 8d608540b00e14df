using System.Runtime.InteropServices;

namespace TokenFactory.Inference.Text.Pipeline;

/// <summary>
/// A bounded memory of pieces and their ids: direct-mapped, one reference a slot, so that readers and writers of any thread need no lock and
/// the worst that a collision does is a miss.
/// </summary>
internal sealed class PieceCache
{
    public const int LongestPiece = 48;

    private const int Bits = 16;

    private readonly Entry?[] _slots = new Entry?[1 << Bits];

    public static ulong Hash(ReadOnlySpan<char> piece)
    {
        ulong hash = (ulong)piece.Length * 0x9E3779B97F4A7C15UL;
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(piece);
        while (bytes.Length >= 8)
        {
            hash = (hash ^ MemoryMarshal.Read<ulong>(bytes)) * 0xD6E8FEB86659FD93UL;
            hash ^= hash >> 32;
            bytes = bytes[8..];
        }

        ulong rest = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            rest |= (ulong)bytes[i] << (8 * i);
        }

        hash = (hash ^ rest) * 0xD6E8FEB86659FD93UL;
        return hash ^ (hash >> 29);
    }

    public int[]? Find(ReadOnlySpan<char> piece, ulong hash)
    {
        Entry? entry = _slots[hash >> (64 - Bits)];
        return entry is not null && entry.Hash == hash && piece.SequenceEqual(entry.Piece) ? entry.Ids : null;
    }

    public void Add(ReadOnlySpan<char> piece, ulong hash, int[] ids) => _slots[hash >> (64 - Bits)] = new Entry(hash, piece.ToString(), ids);

    private sealed record Entry(ulong Hash, string Piece, int[] Ids);
}
