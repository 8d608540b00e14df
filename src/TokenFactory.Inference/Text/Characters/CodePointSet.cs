namespace TokenFactory.Inference.Text.Characters;

/// <summary>A set of Unicode code points: sorted half-open ranges, and a two-level bitmap for membership.</summary>
internal sealed class CodePointSet
{
    public const int Limit = 0x110000;

    private readonly int[] _ranges;
    private Table? _table;

    private CodePointSet(int[] ranges) => _ranges = ranges;

    public static CodePointSet Empty { get; } = new([]);

    public static CodePointSet All { get; } = new([0, Limit]);

    public bool IsEmpty => _ranges.Length == 0;

    /// <summary>Pairs of first and one past last, ascending, never touching.</summary>
    public ReadOnlySpan<int> Ranges => _ranges;

    public static CodePointSet Of(int codePoint) => new([codePoint, codePoint + 1]);

    public static CodePointSet Range(int first, int last) => new([first, last + 1]);

    /// <summary>The set of inclusive pairs in any order.</summary>
    public static CodePointSet FromPairs(params ReadOnlySpan<int> pairs)
    {
        var spans = new List<(int First, int End)>(pairs.Length / 2);
        for (int i = 0; i < pairs.Length; i += 2)
        {
            spans.Add((pairs[i], pairs[i + 1] + 1));
        }

        return FromSpans(spans);
    }

    public static CodePointSet Where(Func<int, bool> predicate)
    {
        var ranges = new List<int>();
        for (int c = 0; c <= Limit; c++)
        {
            bool inside = c < Limit && predicate(c);
            if (inside != ((ranges.Count & 1) == 1))
            {
                ranges.Add(c);
            }
        }

        return new CodePointSet([.. ranges]);
    }

    public static CodePointSet Union(params IEnumerable<CodePointSet> sets)
    {
        var spans = new List<(int First, int End)>();
        foreach (CodePointSet set in sets)
        {
            for (int i = 0; i < set._ranges.Length; i += 2)
            {
                spans.Add((set._ranges[i], set._ranges[i + 1]));
            }
        }

        return FromSpans(spans);
    }

    public CodePointSet Complement()
    {
        var ranges = new List<int>(_ranges.Length + 2);
        int at = 0;
        for (int i = 0; i < _ranges.Length; i += 2)
        {
            if (_ranges[i] > at)
            {
                ranges.Add(at);
                ranges.Add(_ranges[i]);
            }

            at = _ranges[i + 1];
        }

        if (at < Limit)
        {
            ranges.Add(at);
            ranges.Add(Limit);
        }

        return new CodePointSet([.. ranges]);
    }

    public CodePointSet Intersect(CodePointSet other) => Union(Complement(), other.Complement()).Complement();

    /// <summary>Membership. Code points are 0 to 10FFFF.</summary>
    public bool Contains(int codePoint)
    {
        Table table = _table ?? Build();
        int block = table.Pages[codePoint >> 8] << 2;
        return ((table.Blocks[block + ((codePoint >> 6) & 3)] >> (codePoint & 63)) & 1) != 0;
    }

    private static CodePointSet FromSpans(List<(int First, int End)> spans)
    {
        spans.Sort();
        var ranges = new List<int>(spans.Count * 2);
        foreach ((int first, int end) in spans)
        {
            if (ranges.Count > 0 && first <= ranges[^1])
            {
                ranges[^1] = Math.Max(ranges[^1], end);
            }
            else
            {
                ranges.Add(first);
                ranges.Add(end);
            }
        }

        return new CodePointSet([.. ranges]);
    }

    private Table Build()
    {
        ushort[] pages = new ushort[Limit >> 8];
        var blocks = new List<ulong>(64) { 0, 0, 0, 0, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue };
        int range = 0;
        Span<ulong> bits = stackalloc ulong[4];
        for (int page = 0; page < pages.Length; page++)
        {
            int first = page << 8;
            int end = first + 256;
            while (range < _ranges.Length && _ranges[range + 1] <= first)
            {
                range += 2;
            }

            if (range >= _ranges.Length || _ranges[range] >= end)
            {
                continue;
            }

            if (_ranges[range] <= first && _ranges[range + 1] >= end)
            {
                pages[page] = 1;
                continue;
            }

            bits.Clear();
            for (int r = range; r < _ranges.Length && _ranges[r] < end; r += 2)
            {
                for (int c = Math.Max(_ranges[r], first); c < Math.Min(_ranges[r + 1], end); c++)
                {
                    bits[(c >> 6) & 3] |= 1UL << (c & 63);
                }
            }

            pages[page] = (ushort)(blocks.Count >> 2);
            blocks.AddRange(bits);
        }

        return _table = new Table(pages, [.. blocks]);
    }

    private sealed record Table(ushort[] Pages, ulong[] Blocks);
}
