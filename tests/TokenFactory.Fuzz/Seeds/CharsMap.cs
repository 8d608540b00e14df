using System.Buffers.Binary;

namespace TokenFactory.Fuzz;

/// <summary>Writes a precompiled character map as SentencePiece does: a double array over UTF-8 keys, and replacements that end with a zero.</summary>
internal static class CharsMap
{
    private static readonly (string From, string To)[] s_rules =
    [
        ("A", "a"), ("ﬁ", "fi"), ("½", "1/2"), ("\u00A0", " "), ("\u3000", " "), ("\u200B", ""), ("e\u0301", "é"), ("Ω", "ω"), ("\u0000", ""), ("語", "ゴ"), ("…", "..."),
    ];

    /// <summary>The map in base 64.</summary>
    public static string Build()
    {
        var pool = new List<byte>();
        var root = new Node();
        foreach ((string from, string to) in s_rules.Where(r => r.From[0] != 0))
        {
            Node node = root;
            foreach (byte b in System.Text.Encoding.UTF8.GetBytes(from))
            {
                node = node.Children.TryGetValue(b, out Node? next) ? next : node.Children[b] = new Node();
            }

            node.Value = pool.Count;
            pool.AddRange(System.Text.Encoding.UTF8.GetBytes(to));
            pool.Add(0);
        }

        var units = new Dictionary<uint, uint>();
        Place(root, 0, 0, units);
        uint length = (units.Keys.Max() | 0xFF) + 1;
        byte[] map = new byte[4 + (4 * length) + pool.Count];
        BinaryPrimitives.WriteUInt32LittleEndian(map, 4 * length);
        foreach ((uint at, uint unit) in units)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(map.AsSpan(4 + (4 * (int)at)), unit);
        }

        pool.CopyTo(map, 4 + (4 * (int)length));
        return Convert.ToBase64String(map);
    }

    // A unit holds its label, whether a value follows, and how its children's place is reached: place = own place xor offset.
    private static void Place(Node node, uint at, byte label, Dictionary<uint, uint> units)
    {
        units[at] = label;
        uint block = 1;
        bool Free(uint offset) => (node.Value is null || !units.ContainsKey(at ^ offset)) && node.Children.Keys.All(c => !units.ContainsKey(at ^ offset ^ c));
        while (!Free(block << 8))
        {
            block++;
        }

        uint offset = block << 8;
        units[at] = label | (node.Value is null ? 0u : 1u << 8) | (1u << 9) | (block << 10);
        if (node.Value is { } value)
        {
            units[at ^ offset] = (uint)value | (1u << 31);
        }

        foreach (byte child in node.Children.Keys)
        {
            units[at ^ offset ^ child] = child;
        }

        foreach ((byte child, Node next) in node.Children)
        {
            Place(next, at ^ offset ^ child, child, units);
        }
    }

    private sealed class Node
    {
        public SortedDictionary<byte, Node> Children { get; } = [];

        public int? Value { get; set; }
    }
}
