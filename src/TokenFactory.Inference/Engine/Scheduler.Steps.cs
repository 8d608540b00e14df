using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using TokenFactory.Core;
using TokenFactory.Inference.Providers;

namespace TokenFactory.Inference.Engine;

/// <content>The steps: a prefill chunk, a decode step, and closing gaps between the running slots.</content>
internal sealed partial class Scheduler
{
    private const double CopyBytesPerSecond = 3e9;
    private const int LongestRemaining = 64;

    private long _decodeSteps;
    private long _decodeTokens;
    private long _decodeRows;
    private long _prefillTokens;
    private long _decodeTicks;
    private long _prefillTicks;
    private long _steadySteps;
    private long _steadyBytes;
    private long _bytesAtStep;
    private int _steadyRows;
    private volatile EngineStatistics _statistics = new();

    public EngineStatistics Statistics => _statistics;

    private void Publish() => _statistics = new EngineStatistics
    {
        DecodeSteps = _decodeSteps,
        DecodeRuns = _runner.Runs,
        DecodeTokens = _decodeTokens,
        DecodeRows = _decodeRows,
        PrefillTokens = _prefillTokens,
        ReusedTokens = _admission.ReusedTokens,
        DecodeSeconds = (double)_decodeTicks / Stopwatch.Frequency,
        PrefillSeconds = (double)_prefillTicks / Stopwatch.Frequency,
        SteadySteps = _steadySteps,
        SteadyAllocatedBytes = _steadyBytes,
        BytesToDevice = _runner.BytesToDevice,
        BytesFromDevice = _runner.BytesFromDevice,
        KvMemoryBytes = _admission.BudgetTokens * _runner.Graph.KvBytesPerToken,
        KvHeldBytes = (_runner.TakesAllMemory ? _admission.BudgetTokens : _slots.Sum(s => (long)s.Touched)) * _runner.Graph.KvBytesPerToken,
        Waiting = _admission.Waiting.Count,
        Running = _slots.Count(s => s.Owner is not null),
    };

    private void Prefill(Generation generation)
    {
        Slot slot = generation.Slot!;
        ReadOnlySpan<int> prompt = generation.Request.InputTokens.Span;
        (int first, int rows, int streams) = Window();
        int size = _planner.Next(prompt.Length - generation.Prefilled, streams, _runner.SkipsIdleRows ? streams : rows, _runner.LargestChunk);
        if (_runner.SlidingTokens > 0)
        {
            if (slot.Length == _runner.Capacity)
            {
                Slide(slot);
            }

            // A full slot drops all that the window leaves behind; the chunk goes no further than that.
            size = Math.Min(size, _runner.Capacity - slot.Length);
        }

        bool last = generation.Prefilled + size == prompt.Length;
        lock (_runGate)
        {
            _prefillRun.Terminate = _stopping;
            _inPrefill = generation;
        }

        if (generation.Ended)
        {
            _inPrefill = null;
            return;
        }

        long start = Stopwatch.GetTimestamp();
        ReadOnlySpan<int> chunk = prompt.Slice(generation.Prefilled, size);
        try
        {
            _runner.Prefill(slot.Index, chunk, slot.Length, prompt.Length, last, _prefillRun);
        }
        catch (Exception e) when (e is OnnxRuntimeException or TokenFactoryException)
        {
            _inPrefill = null;
            if (!generation.Ended && !_stopping && !_prefillRun.Terminate)
            {
                Finish(generation, FinishReason.Cancelled, Failure(e));
            }

            return;
        }

        _inPrefill = null;
        _steadyRows = 0;
        long end = Stopwatch.GetTimestamp();
        _prefillTicks += end - start;
        _prefillTokens += size;
        _planner.ChunkTook(size, (double)(end - start) / Stopwatch.Frequency);
        slot.Append(chunk, exact: true);
        generation.Prefilled += size;
        if (last && !generation.Ended)
        {
            generation.Decoding = true;
            Sample(generation, row: -1);
        }
    }

    private bool Decode()
    {
        CloseGaps();
        (int first, int rows, int streams) = Window();
        if (streams == 0)
        {
            return false;
        }

        for (int i = 0; i < rows; i++)
        {
            Slot slot = _slots[first + i];
            _active[i] = slot.Owner is { Decoding: true };
            if (_active[i] && slot.Length == _runner.Capacity && _runner.SlidingTokens > 0)
            {
                Slide(slot);
            }

            if (!_active[i] && slot.Length >= _runner.Capacity)
            {
                // The idle row writes where the next token would be: there must be such a place.
                slot.Truncate(_runner.Capacity - 1);
            }

            _ids[i] = _active[i] ? slot.Owner!.Last.Id : 0;
            _lengths[i] = slot.Length;
        }

        long start = Stopwatch.GetTimestamp();
        try
        {
            _runner.Decode(first, _ids.AsSpan(0, rows), _lengths.AsSpan(0, rows), _active.AsSpan(0, rows), _decodeRun);
        }
        catch (Exception e) when (e is OnnxRuntimeException or TokenFactoryException)
        {
            for (int i = 0; i < rows && !_stopping; i++)
            {
                if (_active[i])
                {
                    Finish(_slots[first + i].Owner!, FinishReason.Cancelled, Failure(e));
                }
            }

            return true;
        }

        for (int i = 0; i < rows; i++)
        {
            if (_active[i])
            {
                Slot slot = _slots[first + i];
                Generation generation = slot.Owner!;
                slot.Append(_ids[i]);
                if (!generation.Ended)
                {
                    Sample(generation, i);
                }
            }
        }

        long end = Stopwatch.GetTimestamp();
        _decodeSteps++;
        int computed = _runner.SkipsIdleRows ? streams : rows;
        _decodeRows += computed;
        _decodeTokens += streams;
        _decodeTicks += end - start;
        _planner.StepTook(computed, (double)(end - start) / Stopwatch.Frequency);
        CountBytes(rows);
        return true;
    }

    // A runner that finds no memory for a longer sequence fails its requests, not the engine.
    private TokenFactoryException Failure(Exception e) => e as TokenFactoryException ?? _runner.Failed((OnnxRuntimeException)e);

    private void Slide(Slot slot)
    {
        _runner.Slide(slot.Index, slot.Length);
        slot.DropFirst(_runner.SlidingTokens);
    }

    private void CountBytes(int rows)
    {
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        if (_steadyRows == rows && !_runner.Rebound)
        {
            _steadySteps++;
            _steadyBytes += bytes - _bytesAtStep;
        }

        _steadyRows = rows;
        _bytesAtStep = bytes;
    }

    private void Sample(Generation generation, int row)
    {
        SamplingOptions options = generation.Request.Sampling;
        try
        {
            int token = _runner.Choose(row, _sampler, options, generation.Penalties, generation.Count, out TokenLogProbability? logProbability);
            bool isEnd = (!options.IgnoreEndTokens && _endTokens.Contains(token)) || IsStop(options, token);
            if (generation.Add(token, logProbability, isEnd, Stopwatch.GetTimestamp()) is { } reason)
            {
                Finish(generation, reason);
            }
        }
        catch (TokenFactoryException e)
        {
            Finish(generation, FinishReason.Cancelled, e);
        }
    }

    private static bool IsStop(SamplingOptions options, int token)
    {
        for (int i = 0; i < options.StopTokens.Count; i++)
        {
            if (options.StopTokens[i] == token)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The slots from the first to the last that decode, and how many of them do.</summary>
    private (int First, int Rows, int Streams) Window()
    {
        int first = -1;
        int last = -1;
        int streams = 0;
        for (int i = 0; i < _slots.Length; i++)
        {
            if (_slots[i].Owner is { Decoding: true })
            {
                first = first < 0 ? i : first;
                last = i;
                streams++;
            }
        }

        if (streams == 0)
        {
            return (0, 0, 0);
        }

        first = _runner.FromFirstSlot ? 0 : first;
        if (_options.Exact && _runner.Session.RoundsByRows && first == last && _slots.Length > 1)
        {
            first = Math.Min(first, _slots.Length - 2);
            last = first + 1;
        }

        return (first, last - first + 1, streams);
    }

    // An idle row costs as much as a running one: it pays to move the sequence at the window's end into the gap unless it ends soon.
    private void CloseGaps()
    {
        (int first, int rows, int streams) = Window();
        bool fromFirst = _runner.FromFirstSlot;
        if (!_runner.CanCopy || _runner.SkipsIdleRows || rows <= streams || (streams < 2 && !fromFirst) || _admission.Waiting.Count > 0)
        {
            return;
        }

        int gap = -1;
        for (int i = first; i < first + rows && gap < 0; i++)
        {
            gap = _slots[i].Owner is null ? i : -1;
        }

        if (gap < 0)
        {
            return;
        }

        Slot low = _slots[first];
        Slot high = _slots[first + rows - 1];
        Slot from = low.Length < high.Length && !fromFirst ? low : high;
        if (from.Owner is not { } moved)
        {
            return;
        }

        int remaining = Math.Min(moved.MostTokens - moved.Count, LongestRemaining);
        double rowSeconds = _planner.StepSeconds(rows) / rows / 2;
        double copySeconds = from.Length * (double)_runner.Graph.KvBytesPerToken / CopyBytesPerSecond;
        if (remaining < 4 || copySeconds * 2 > rowSeconds * remaining || !_admission.Fits(_slots[gap], from.Reserved, leaving: from))
        {
            return;
        }

        Slot to = _slots[gap];
        _runner.Reserve(to.Index, from.Reserved);
        try
        {
            _runner.Copy(from.Index, to.Index, from.Length);
        }
        catch (ProviderException)
        {
            // The sequence stays where it is; what was there is lost.
            to.Forget();
            return;
        }

        to.TakeFrom(from, from.Length);
        to.Reserve(from.Reserved);
        to.Owner = moved;
        moved.Slot = to;
        Vacate(from);
    }
}
