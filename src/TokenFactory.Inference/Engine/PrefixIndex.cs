namespace TokenFactory.Inference.Engine;

/// <summary>Finds the slot that began with the most of a prompt's tokens.</summary>
/// <remarks>
/// There are as many candidates as slots, and comparing tokens is one vector compare in eight tokens: a scan costs microseconds where a
/// token saved is worth a thousand, needs no upkeep, and can never be wrong about what a slot holds.
/// </remarks>
internal sealed class PrefixIndex(Slot[] slots, EngineOptions options, int? ropeSwitch)
{
    /// <summary>Shared beginnings shorter than this are computed again: a chunk costs as much as finding them.</summary>
    public const int ShortestPrefix = 8;

    /// <summary>The best slot and how many tokens it shares; null when none is worth it.</summary>
    public (Slot? Slot, int Tokens) Find(ReadOnlySpan<int> prompt)
    {
        // The last two are always computed: one gives the logits, and a chunk of a single token rounds differently.
        int most = prompt.Length - 2;
        Slot? best = null;
        int shared = ShortestPrefix - 1;
        if (options.PrefixReuse)
        {
            bool longer = prompt.Length > ropeSwitch;
            foreach (Slot slot in slots)
            {
                if (slot.LongRope != longer)
                {
                    // Its keys were turned with the other frequencies.
                    continue;
                }

                int common = Shared(slot, prompt, most);
                if (common > shared)
                {
                    shared = common;
                    best = slot;
                }
            }
        }

        return best is null ? (null, 0) : (best, shared);
    }

    private int Shared(Slot slot, ReadOnlySpan<int> prompt, int most)
    {
        int usable = slot.Dropped > 0 ? 0 : options.ReuseOutput ? slot.Length : slot.ExactLength;
        return Math.Min(most, slot.Tokens[..usable].CommonPrefixLength(prompt));
    }
}
