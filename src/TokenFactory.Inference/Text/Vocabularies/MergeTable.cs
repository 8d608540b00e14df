namespace TokenFactory.Inference.Text.Vocabularies;

/// <summary>Pairs of ids to the rank and result of their merge: an open-addressing table, read-only once it is built.</summary>
internal sealed class MergeTable
{
    private readonly Slot[] _slots;
    private readonly int _shift;

    public MergeTable(IReadOnlyList<(int Left, int Right, int Result)> merges)
    {
        int bits = 4;
        while ((1 << bits) < merges.Count * 2)
        {
            bits++;
        }

        _slots = new Slot[1 << bits];
        Array.Fill(_slots, new Slot(ulong.MaxValue, 0, 0));
        _shift = 64 - bits;
        for (int rank = 0; rank < merges.Count; rank++)
        {
            (int left, int right, int result) = merges[rank];
            ulong key = Key(left, right);
            int at = Home(key);
            while (_slots[at].Key != ulong.MaxValue && _slots[at].Key != key)
            {
                at = (at + 1) & (_slots.Length - 1);
            }

            // A pair that is listed twice has its last rank, as in the reference.
            _slots[at] = new Slot(key, rank, result);
        }
    }

    public bool TryGet(int left, int right, out int rank, out int result)
    {
        ulong key = Key(left, right);
        Slot[] slots = _slots;
        int at = Home(key);
        while (true)
        {
            ref readonly Slot slot = ref slots[at];
            if (slot.Key == key)
            {
                rank = slot.Rank;
                result = slot.Result;
                return true;
            }

            if (slot.Key == ulong.MaxValue)
            {
                rank = int.MaxValue;
                result = 0;
                return false;
            }

            at = (at + 1) & (slots.Length - 1);
        }
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    private int Home(ulong key) => (int)((key * 0x9E3779B97F4A7C15UL) >> _shift);

    private readonly record struct Slot(ulong Key, int Rank, int Result);
}
