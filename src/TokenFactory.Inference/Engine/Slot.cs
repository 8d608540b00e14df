namespace TokenFactory.Inference.Engine;

/// <summary>One place for a sequence in the cache: whose it is, and which tokens it holds.</summary>
internal sealed class Slot(int index)
{
    private int[] _tokens = [];

    public int Index { get; } = index;

    /// <summary>The sequence that runs here; null when the slot is idle and its tokens only wait to be reused.</summary>
    public Generation? Owner { get; set; }

    /// <summary>Tokens whose keys and values are here.</summary>
    public int Length { get; private set; }

    /// <summary>How many of them came by prefill, bit for bit what any other prefill of them gives.</summary>
    public int ExactLength { get; private set; }

    /// <summary>Tokens that the owner may come to.</summary>
    public int Reserved { get; set; }

    /// <summary>True when its prompt is longer than the length at which the rotary embedding switches.</summary>
    public bool LongRope { get; set; }

    /// <summary>Tokens that came before those and were dropped: such a slot holds no beginning of anything.</summary>
    public int Dropped { get; private set; }

    /// <summary>Most tokens it held since its memory was given back last.</summary>
    public int Touched { get; private set; }

    /// <summary>When it was used last, in the scheduler's turns.</summary>
    public long LastUsed { get; set; }

    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Length);

    public void Reserve(int tokens)
    {
        Reserved = tokens;
        if (_tokens.Length < tokens)
        {
            Array.Resize(ref _tokens, tokens);
        }
    }

    public void Append(ReadOnlySpan<int> tokens, bool exact)
    {
        if (_tokens.Length < Length + tokens.Length)
        {
            Array.Resize(ref _tokens, Math.Max(_tokens.Length * 2, Length + tokens.Length));
        }

        tokens.CopyTo(_tokens.AsSpan(Length));
        if (exact && ExactLength == Length)
        {
            ExactLength += tokens.Length;
        }

        Length += tokens.Length;
        Touched = Math.Max(Touched, Length);
    }

    public void Append(int token) => Append(new ReadOnlySpan<int>(in token), exact: false);

    public void Truncate(int length)
    {
        Length = Math.Min(Length, length);
        ExactLength = Math.Min(ExactLength, length);
        Dropped = Length == 0 ? 0 : Dropped;
    }

    /// <summary>Drops the oldest tokens.</summary>
    public void DropFirst(int tokens)
    {
        Tokens[tokens..].CopyTo(_tokens);
        Length -= tokens;
        ExactLength = 0;
        Dropped += tokens;
    }

    /// <summary>Takes the first tokens of another slot, whose cache was copied.</summary>
    public void TakeFrom(Slot other, int length)
    {
        Truncate(0);
        int exact = Math.Min(other.ExactLength, length);
        Append(other.Tokens[..exact], exact: true);
        Append(other.Tokens[exact..length], exact: false);
        LongRope = other.LongRope;
        Dropped = other.Dropped;
    }

    public void Forget()
    {
        Truncate(0);
        Touched = 0;
        Reserved = 0;
    }
}
