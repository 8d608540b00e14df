using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace TokenFactory.Inference.Text.Pipeline;

/// <summary>SentencePiece's precompiled character map: a double-array trie over UTF-8 and a pool of replacements.</summary>
internal sealed class CharsMapNormalizer : Normalizer
{
    private const int LongestClusterBytes = 5;

    private readonly uint[] _units;
    private readonly byte[] _pool;

    private CharsMapNormalizer(uint[] units, byte[] pool)
    {
        _units = units;
        _pool = pool;
    }

    /// <exception cref="FormatException">The map is torn.</exception>
    public static CharsMapNormalizer Parse(byte[] map)
    {
        uint size = map.Length < 4 ? uint.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(map);
        if (size > map.Length - 4 || size % 4 != 0)
        {
            throw new FormatException("the precompiled character map is torn");
        }

        uint[] units = new uint[size / 4];
        for (int i = 0; i < units.Length; i++)
        {
            units[i] = BinaryPrimitives.ReadUInt32LittleEndian(map.AsSpan(4 + (4 * i)));
        }

        return new CharsMapNormalizer(units, map[(4 + (int)size)..]);
    }

    public override AlignedText Apply(AlignedText text, bool track)
    {
        string value = text.Value;
        var rewriter = new TextRewriter(Piece.Whole(text), track);
        bool changed = false;
        Span<byte> bytes = stackalloc byte[16];
        for (int i = 0; i < value.Length;)
        {
            int cluster = StringInfo.GetNextTextElementLength(value.AsSpan(i));
            if (cluster <= LongestClusterBytes)
            {
                int length = System.Text.Encoding.UTF8.GetBytes(value.AsSpan(i, cluster), bytes);
                if (length <= LongestClusterBytes && Find(bytes[..length]) is { } whole)
                {
                    rewriter.Append(whole, i, i + cluster);
                    changed = true;
                    i += cluster;
                    continue;
                }
            }

            int end = i + cluster;
            while (i < end)
            {
                Rune.DecodeFromUtf16(value.AsSpan(i), out Rune rune, out int width);
                int length = rune.EncodeToUtf8(bytes);
                if (Find(bytes[..length]) is { } part)
                {
                    rewriter.Append(part, i, i + width);
                    changed = true;
                }
                else
                {
                    rewriter.Copy(i, i + width);
                }

                i += width;
            }
        }

        return changed ? rewriter.Build() : text;
    }

    // The first prefix that the trie knows decides, as in the reference: not the longest.
    private string? Find(ReadOnlySpan<byte> key)
    {
        if (_units.Length == 0)
        {
            return null;
        }

        uint node = Offset(_units[0]);
        foreach (byte b in key)
        {
            if (b == 0)
            {
                return null;
            }

            node ^= b;
            if (node >= _units.Length)
            {
                return null;
            }

            uint unit = _units[node];
            if ((unit & 0x800000FF) != b)
            {
                return null;
            }

            node ^= Offset(unit);
            if (((unit >> 8) & 1) == 1)
            {
                uint at = node < _units.Length ? _units[node] & 0x7FFFFFFF : uint.MaxValue;
                if (at > _pool.Length)
                {
                    return null;
                }

                ReadOnlySpan<byte> rest = _pool.AsSpan((int)at);
                int end = rest.IndexOf((byte)0);
                return System.Text.Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
            }
        }

        return null;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1 << 9)) >> 6);
}
