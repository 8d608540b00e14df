using Microsoft.ML.OnnxRuntime;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Engine;

/// <summary>Runs graphs that return past and new tokens as new, longer tensors: several sequences at once where the graph lets them stack.</summary>
/// <remarks>
/// A prompt is processed alone, and its tensors stay the slot's own until it decodes: then its row is copied into a batch, and back when
/// the batch changes. The present that a step wrote is the next step's past as it is.
/// </remarks>
internal sealed unsafe class GrowingRunner : DecoderRunner
{
    private readonly Sequence[] _sequences;
    private readonly GrowingPlan _plan;
    private readonly long _mostTokens;
    private readonly StepBuffers _prefillBuffers;
    private readonly NativeBuffer? _prefillMask;
    private readonly List<GrowingBatch> _batches = [];
    private readonly List<int> _active = [];
    private readonly (GrowingBatch? Batch, int Row)[] _scored;
    private readonly int[] _ids;
    private readonly Func<GrowingBatch, int, (int Id, int Position, int Filling)> _set;
    private long _prefillRow;

    /// <summary>Creates a runner.</summary>
    /// <param name="session">The graph.</param>
    /// <param name="slots">Sequences that can be held.</param>
    /// <param name="capacity">Tokens of the longest.</param>
    /// <param name="options">How it is scheduled.</param>
    /// <param name="weightBytes">What a run reads of weights.</param>
    /// <param name="mostTokens">Tokens that all sequences together may hold.</param>
    public GrowingRunner(DecoderSession session, int slots, int capacity, EngineOptions options, long weightBytes, long mostTokens)
        : base(session, slots, capacity)
    {
        LargestChunk = FittingChunk(options.LargestChunk);
        _plan = new GrowingPlan(weightBytes, Graph.KvBytesPerToken, Graph.RopeSwitchTokens, Graph.StackingObstacle is null && !options.Exact);
        _mostTokens = mostTokens;
        SlidingTokens = SlideBeyondWindow();
        _prefillBuffers = new StepBuffers(Graph with { AttentionMask = null }, 1, LargestChunk, 1, Session.LogitRows == LogitRows.All ? LargestChunk : 1);
        _prefillMask = Graph.AttentionMask is null ? null
            : new NativeBuffer((capacity + (long)LargestChunk + (Graph.RopeSwitchTokens ?? 0)) * NativeBuffer.ElementSize(Graph.AttentionMaskType));
        _sequences = [.. Enumerable.Range(0, slots).Select(_ => new Sequence())];
        _scored = new (GrowingBatch?, int)[slots];
        _ids = new int[slots];
        _set = (batch, row) =>
        {
            Sequence sequence = _sequences[batch.Slots[row]];
            return (_ids[batch.Slots[row]], sequence.Dropped + sequence.Length, sequence.Start);
        };
    }

    public override int LargestChunk { get; }

    public override bool CanCopy => true;

    public override bool SkipsIdleRows => true;

    public override void Reserve(int slot, int tokens)
    {
        // Tensors are made as long as they are needed.
    }

    public override void Release(int slot)
    {
        Sequence sequence = _sequences[slot];
        GrowingBatch? batch = sequence.Batch;
        sequence.Clear();
        if (batch is not null && batch.Slots.All(s => _sequences[s].Batch != batch))
        {
            _batches.Remove(batch);
            batch.Dispose();
        }
    }

    public override void Copy(int from, int to, int tokens)
    {
        Sequence source = _sequences[from];
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens, source.Length);
        GrowingCache copy = Cut(source, tokens);
        Release(to);
        _sequences[to].Take(copy, 0, tokens);
    }

    public override void Slide(int slot, int length)
    {
        // They become filling, and leave when the batch is made anew at the next step.
        _sequences[slot].Drop(SlidingTokens);
        _active.Clear();
    }

    public override void Prefill(int slot, ReadOnlySpan<int> tokens, int past, int promptTokens, bool score, RunOptions runOptions)
    {
        Sequence sequence = _sequences[slot];
        ArgumentOutOfRangeException.ThrowIfGreaterThan(past, sequence.Length);
        Prepare(slot, past, promptTokens > Graph.RopeSwitchTokens ? Graph.RopeSwitchTokens.Value : 0);
        int start = sequence.Start;
        int count = tokens.Length;
        int total = start + past + count;
        for (int i = 0; i < count; i++)
        {
            _prefillBuffers.SetToken(i, tokens[i], sequence.Dropped + past + i);
        }

        _prefillBuffers.SetLength(0, total - start, total);
        _prefillBuffers.SetRow(0, count - 1);
        _prefillBuffers.Branch.Pointer[0] = (byte)(start + past > 0 ? 1 : 0);
        List<OrtValue> temporary = [];
        OrtValue Keep(OrtValue value)
        {
            temporary.Add(value);
            return value;
        }

        using OrtIoBinding binding = Session.Session.CreateIoBinding();
        var present = new GrowingCache(Graph, 1, total);
        try
        {
            present.Shape(total);
            GrowingBinding.BindSmall(Session, binding, _prefillBuffers, 1, count, Keep);
            if (_prefillMask is not null)
            {
                GrowingBinding.Mask(_prefillMask, Graph.AttentionMaskType, 0, total, start);
                binding.BindInput(Graph.AttentionMask!, Keep(_prefillMask.View(Graph.AttentionMaskType, [1, total])));
            }

            GrowingBinding.BindCache(Graph, binding, sequence.Own!, present);
            Session.Session.RunWithBinding(runOptions, binding);
        }
        catch
        {
            present.Dispose();
            throw;
        }
        finally
        {
            temporary.ForEach(v => v.Dispose());
        }

        sequence.Take(present, start, past + count);
        _prefillRow = Session.LogitRows == LogitRows.All ? count - 1 : 0;
    }

    public override void Decode(int firstSlot, ReadOnlySpan<int> ids, ReadOnlySpan<int> lengths, ReadOnlySpan<bool> active, RunOptions runOptions)
    {
        bool changed = false;
        int count = 0;
        for (int i = 0; i < ids.Length; i++)
        {
            if (active[i])
            {
                int slot = firstSlot + i;
                ArgumentOutOfRangeException.ThrowIfNotEqual(lengths[i], _sequences[slot].Length);
                _ids[slot] = ids[i];
                changed |= count >= _active.Count || _active[count] != slot || _sequences[slot].Batch is null;
                count++;
            }
        }

        if (changed || count != _active.Count || _batches.Exists(Parts))
        {
            _active.Clear();
            for (int i = 0; i < ids.Length; i++)
            {
                if (active[i])
                {
                    _active.Add(firstSlot + i);
                }
            }

            try
            {
                Regroup();
            }
            catch
            {
                // The next step begins anew.
                _active.Clear();
                throw;
            }

            Rebound = true;
        }
        else
        {
            Rebound = false;
        }

        foreach (GrowingBatch batch in _batches)
        {
            Runs++;
            Rebound |= batch.Step(runOptions, _set, batch);
            for (int row = 0; row < batch.Slots.Length; row++)
            {
                int slot = batch.Slots[row];
                _sequences[slot].Length++;
                _scored[slot - firstSlot] = (batch, row);
            }
        }
    }

    public override Span<float> PrefillLogits() => Row(_prefillBuffers.Logits, _prefillRow);

    public override Span<float> DecodeLogits(int row) => Row(_scored[row].Batch!.Logits, _scored[row].Row);

    protected override void Dispose(bool disposing)
    {
        foreach (Sequence sequence in _sequences)
        {
            sequence.Clear();
        }

        _batches.ForEach(b => b.Dispose());
        _batches.Clear();
        _prefillBuffers.Dispose();
        _prefillMask?.Dispose();
    }

    /// <summary>Makes a slot's own tensors hold its first tokens, with so much filling in front that the graph sees a long prompt from its first chunk.</summary>
    private void Prepare(int slot, int past, int filling)
    {
        Sequence sequence = _sequences[slot];
        if (sequence.Own is not null && sequence.Length == past && sequence.Start == filling)
        {
            return;
        }

        var own = new GrowingCache(Graph, 1, filling + past);
        own.Shape(filling + past);
        own.ClearRow(0, filling);
        if (past > 0)
        {
            own.CopyRow(sequence.Cache!, sequence.Row, sequence.Start, past, 0, filling);
        }

        int dropped = past > 0 ? sequence.Dropped : 0;
        Release(slot);
        sequence.Take(own, filling, past);
        sequence.Dropped = dropped;
    }

    // A row passed the length at which the rotary embedding switches, and others of its run did not.
    private bool Parts(GrowingBatch batch)
    {
        if (Graph.RopeSwitchTokens is { } border)
        {
            bool longer = _sequences[batch.Slots[0]].Length >= border;
            foreach (int slot in batch.Slots)
            {
                if (_sequences[slot].Length >= border != longer)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private GrowingCache Cut(Sequence sequence, int tokens)
    {
        var cut = new GrowingCache(Graph, 1, tokens);
        cut.Shape(tokens);
        cut.CopyRow(sequence.Cache!, sequence.Row, sequence.Start, tokens, 0, 0);
        return cut;
    }

    private void Regroup()
    {
        List<int[]> runs = _plan.Divide(_active, s => _sequences[s].Length, _mostTokens);
        List<GrowingBatch> stay = _batches.FindAll(b => runs.Exists(r => r.AsSpan().SequenceEqual(b.Slots)) && b.Slots.All(s => _sequences[s].Batch == b)
            && b.Slots.Any(s => _sequences[s].Start == 0));
        List<GrowingBatch> leave = _batches.FindAll(b => !stay.Contains(b));
        leave.ForEach(b => b.Rest());
        foreach (int[] slots in runs.Where(r => !stay.Exists(b => r.AsSpan().SequenceEqual(b.Slots))))
        {
            // Each batch is in the list as long as it lives: memory may run out midway.
            _batches.Add(Join(slots));
        }

        foreach (GrowingBatch batch in leave)
        {
            foreach (int slot in batch.Slots)
            {
                Sequence sequence = _sequences[slot];
                if (sequence.Batch == batch)
                {
                    // It ended, and its tokens wait to be reused.
                    sequence.Take(Cut(sequence, sequence.Length), 0, sequence.Length);
                }
            }

            _batches.Remove(batch);
            batch.Dispose();
        }
    }

    private GrowingBatch Join(int[] slots)
    {
        int longest = slots.Max(s => _sequences[s].Length);
        var cache = new GrowingCache(Graph, slots.Length, longest + GrowingBatch.Room);
        cache.Shape(longest);
        for (int row = 0; row < slots.Length; row++)
        {
            Sequence sequence = _sequences[slots[row]];
            int filling = longest - sequence.Length;
            cache.ClearRow(row, filling);
            cache.CopyRow(sequence.Cache!, sequence.Row, sequence.Start, sequence.Length, row, filling);
        }

        var batch = new GrowingBatch(Session, slots, cache);
        for (int row = 0; row < slots.Length; row++)
        {
            _sequences[slots[row]].Join(batch, row, longest - _sequences[slots[row]].Length);
        }

        return batch;
    }

    /// <summary>Where a slot's keys and values are: in tensors of its own, or in a row of a batch.</summary>
    private sealed class Sequence
    {
        public GrowingCache? Own { get; private set; }

        public GrowingBatch? Batch { get; private set; }

        public int Row { get; private set; }

        /// <summary>Tokens of filling before the first.</summary>
        public int Start { get; private set; }

        /// <summary>Tokens.</summary>
        public int Length { get; set; }

        /// <summary>Tokens that came before and were dropped.</summary>
        public int Dropped { get; set; }

        public GrowingCache? Cache => Batch?.Cache ?? Own;

        public void Take(GrowingCache own, int start, int length)
        {
            Own?.Dispose();
            Own = own;
            Batch = null;
            Row = 0;
            Start = start;
            Length = length;
        }

        public void Join(GrowingBatch batch, int row, int start)
        {
            Own?.Dispose();
            Own = null;
            Batch = batch;
            Row = row;
            Start = start;
        }

        public void Drop(int tokens)
        {
            Start += tokens;
            Length -= tokens;
            Dropped += tokens;
        }

        public void Clear()
        {
            Own?.Dispose();
            Own = null;
            Batch = null;
            Row = 0;
            Start = 0;
            Length = 0;
            Dropped = 0;
        }
    }
}
