using System.Diagnostics;
using TokenFactory.Inference.Providers;

namespace TokenFactory.Inference.Engine;

/// <summary>Decides which waiting request gets a place next, and which.</summary>
/// <remarks>
/// A request is admitted only when all the tokens it may come to fit into the memory for keys and values, so no running request ever
/// runs out. Idle slots keep their tokens for reuse until the memory is needed.
/// </remarks>
internal sealed class Admission
{
    private readonly DecoderRunner _runner;
    private readonly Slot[] _slots;
    private readonly EngineOptions _options;
    private readonly PrefixIndex _prefixes;

    public Admission(DecoderRunner runner, Slot[] slots, EngineOptions options, long budgetTokens)
    {
        _runner = runner;
        _slots = slots;
        _options = options;
        BudgetTokens = budgetTokens;
        _prefixes = new PrefixIndex(slots, options, runner.Graph.RopeSwitchTokens);
    }

    /// <summary>Requests without a place.</summary>
    public List<Generation> Waiting { get; } = [];

    /// <summary>Tokens that all slots together may hold.</summary>
    public long BudgetTokens { get; }

    /// <summary>Prompt tokens that were not computed again.</summary>
    public long ReusedTokens { get; private set; }

    /// <summary>True when the first goes before the second: by priority with age, then by arrival.</summary>
    public bool Before(Generation first, Generation second, long now)
    {
        int a = Rank(first, now);
        int b = Rank(second, now);
        return a != b ? a > b : first.Order < second.Order;
    }

    /// <summary>Gives places. One prompt is in work at a time, so that the next one finds what it left; only a higher rank goes between.</summary>
    public void Admit()
    {
        while (Waiting.Count > 0)
        {
            long now = Stopwatch.GetTimestamp();
            int best = 0;
            for (int i = 1; i < Waiting.Count; i++)
            {
                best = Before(Waiting[i], Waiting[best], now) ? i : best;
            }

            Generation next = Waiting[best];
            foreach (Slot slot in _slots)
            {
                if (slot.Owner is { Decoding: false } ahead && Rank(ahead, now) >= Rank(next, now))
                {
                    return;
                }
            }

            if (!Place(next))
            {
                return;
            }

            Waiting.RemoveAt(best);
        }
    }

    /// <summary>True when so many tokens fit into a slot, after giving back the memory of idle ones if need be.</summary>
    public bool Fits(Slot target, int tokens, Slot? leaving = null, Slot? keep = null)
    {
        while (true)
        {
            long total = Math.Max(tokens, target.Owner is null ? target.Touched : 0);
            Slot? oldest = target.Owner is null && target.Touched > tokens && target != keep && target != leaving ? target : null;
            foreach (Slot slot in _slots)
            {
                if (slot == target)
                {
                    continue;
                }

                total += Math.Max(slot.Touched, slot.Reserved);
                if (slot.Owner is null && slot.Touched > 0 && slot != keep && slot != leaving && (oldest is null || slot.LastUsed < oldest.LastUsed))
                {
                    oldest = slot;
                }
            }

            if (total <= BudgetTokens)
            {
                return true;
            }

            if (oldest is null)
            {
                return false;
            }

            _runner.Release(oldest.Index);
            oldest.Forget();
        }
    }

    private int Rank(Generation generation, long now)
    {
        double waited = (double)(now - generation.Submitted) / Stopwatch.Frequency;
        double levels = _options.AgeingInterval > TimeSpan.Zero ? waited / _options.AgeingInterval.TotalSeconds : 0;
        return (int)Math.Min(int.MaxValue, generation.Request.Priority + Math.Floor(levels));
    }

    private bool Place(Generation generation)
    {
        ReadOnlySpan<int> prompt = generation.Request.InputTokens.Span;
        int need = (int)Math.Min((long)prompt.Length + generation.MostTokens, _runner.Capacity);
        (Slot? source, int shared) = _runner.CanCopy ? _prefixes.Find(prompt) : (null, 0);
        Slot? target = Choose(source);
        if (target is null)
        {
            return false;
        }

        if (!Fits(target, need, keep: source))
        {
            // The beginning that would be reused is what stands in the way: compute it again.
            (source, shared) = target == source ? (source, shared) : (null, 0);
            if (!Fits(target, need))
            {
                return false;
            }
        }

        _runner.Reserve(target.Index, need);
        if (source is null)
        {
            target.Truncate(0);
        }
        else if (source == target)
        {
            target.Truncate(shared);
        }
        else if (Copied(source, target, shared))
        {
            target.TakeFrom(source, shared);
        }
        else
        {
            shared = 0;
            target.Truncate(0);
        }

        target.LongRope = prompt.Length > _runner.Graph.RopeSwitchTokens;
        target.Reserve(need);
        target.Owner = generation;
        generation.Slot = target;
        generation.CachedTokens = shared;
        generation.Prefilled = shared;
        ReusedTokens += shared;
        return true;
    }

    // What a device fails to copy is computed again; if the device is gone, that says so.
    private bool Copied(Slot source, Slot target, int tokens)
    {
        try
        {
            _runner.Copy(source.Index, target.Index, tokens);
            return true;
        }
        catch (ProviderException)
        {
            return false;
        }
    }

    /// <summary>An idle slot that keeps the running ones close together; of equal ones the source itself, then an empty one, then the one used longest ago.</summary>
    private Slot? Choose(Slot? source)
    {
        int first = int.MaxValue;
        int last = -1;
        foreach (Slot slot in _slots)
        {
            if (slot.Owner is not null)
            {
                first = Math.Min(first, slot.Index);
                last = Math.Max(last, slot.Index);
            }
        }

        Slot? best = null;
        (int Width, int Kind, long Age) bestCost = default;
        foreach (Slot slot in _slots)
        {
            if (slot.Owner is not null)
            {
                continue;
            }

            int width = _runner.FromFirstSlot ? Math.Max(last, slot.Index) + 1
                : last < 0 ? 1 : Math.Max(last, slot.Index) - Math.Min(first, slot.Index) + 1;
            (int, int, long) cost = (width, slot == source ? 0 : slot.Length == 0 ? 1 : 2, slot.LastUsed);
            if (best is null || cost.CompareTo(bestCost) < 0)
            {
                best = slot;
                bestCost = cost;
            }
        }

        return best;
    }
}
