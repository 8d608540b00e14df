namespace TokenFactory.Inference.Text.Vocabularies;

/// <summary>A binary heap of merges: lowest rank first, then leftmost; rank and position share one number.</summary>
internal sealed class MergeHeap(int capacity)
{
    private ulong[] _items = new ulong[Math.Max(4, capacity)];
    private int _count;

    /// <summary>Adds without ordering; <see cref="Order"/> must follow before anything is taken.</summary>
    public void Append(int rank, int position) => _items[_count++] = Item(rank, position);

    public void Order()
    {
        for (int i = (_count / 2) - 1; i >= 0; i--)
        {
            Sink(i);
        }
    }

    public void Push(int rank, int position)
    {
        if (_count == _items.Length)
        {
            Array.Resize(ref _items, _count * 2);
        }

        ulong item = Item(rank, position);
        int at = _count++;
        while (at > 0)
        {
            int parent = (at - 1) >> 1;
            if (_items[parent] <= item)
            {
                break;
            }

            _items[at] = _items[parent];
            at = parent;
        }

        _items[at] = item;
    }

    public bool TryPop(out int rank, out int position)
    {
        if (_count == 0)
        {
            rank = position = 0;
            return false;
        }

        ulong top = _items[0];
        _items[0] = _items[--_count];
        Sink(0);
        rank = (int)(top >> 32);
        position = (int)(uint)top;
        return true;
    }

    private static ulong Item(int rank, int position) => ((ulong)(uint)rank << 32) | (uint)position;

    private void Sink(int at)
    {
        ulong item = _items[at];
        while (true)
        {
            int child = (2 * at) + 1;
            if (child >= _count)
            {
                break;
            }

            if (child + 1 < _count && _items[child + 1] < _items[child])
            {
                child++;
            }

            if (_items[child] >= item)
            {
                break;
            }

            _items[at] = _items[child];
            at = child;
        }

        _items[at] = item;
    }
}
