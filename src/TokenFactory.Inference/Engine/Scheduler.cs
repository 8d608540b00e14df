using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using TokenFactory.Core;

namespace TokenFactory.Inference.Engine;

/// <summary>One thread that runs a model for all its requests: it admits, prefills in chunks, decodes in one batch, and samples.</summary>
/// <remarks>Requests join and leave between any two steps. Everything but the incoming list belongs to the thread.</remarks>
internal sealed partial class Scheduler : IDisposable
{
    private readonly DecoderRunner _runner;
    private readonly EngineOptions _options;
    private readonly HashSet<int> _endTokens;
    private readonly Slot[] _slots;
    private readonly Admission _admission;
    private readonly PrefillPlanner _planner;
    private readonly Sampler _sampler;
    private readonly Lock _incomingGate = new();
    private readonly Lock _runGate = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly RunOptions _prefillRun = new();
    private readonly RunOptions _decodeRun = new();
    private readonly int[] _ids;
    private readonly int[] _lengths;
    private readonly bool[] _active;
    private readonly Thread _thread;
    private List<Generation> _incoming = [];
    private List<Generation> _taken = [];
    private volatile Generation? _inPrefill;
    private volatile bool _stopping;
    private bool _disposed;
    private long _order;
    private long _turn;

    public Scheduler(DecoderRunner runner, EngineOptions options, IEnumerable<int> endTokens, long budgetTokens)
    {
        _runner = runner;
        _options = options;
        _endTokens = [.. endTokens];
        _slots = [.. Enumerable.Range(0, runner.Slots).Select(i => new Slot(i))];
        _admission = new Admission(runner, _slots, options, budgetTokens);
        _planner = new PrefillPlanner(options, runner.Slots);
        _sampler = new Sampler(runner.Graph.VocabularySize);
        _ids = new int[runner.Slots];
        _lengths = new int[runner.Slots];
        _active = new bool[runner.Slots];
        _thread = new Thread(Loop) { IsBackground = true, Name = "TokenFactory scheduler" };
        _thread.Start();
    }

    public void Submit(Generation generation)
    {
        lock (_incomingGate)
        {
            if (_failure is { } failure)
            {
                throw failure;
            }

            ObjectDisposedException.ThrowIf(_stopping, this);
            generation.Order = _order++;
            _incoming.Add(generation);
        }

        _wake.Set();
    }

    /// <summary>Called on any thread when a request ended: a prefill that nobody waits for is stopped midway.</summary>
    public void Ended(Generation generation)
    {
        if (generation == _inPrefill && Thread.CurrentThread != _thread)
        {
            lock (_runGate)
            {
                if (!_disposed && generation == _inPrefill)
                {
                    _prefillRun.Terminate = true;
                }
            }
        }

        if (Thread.CurrentThread != _thread && !_stopping)
        {
            try
            {
                _wake.Set();
            }
            catch (ObjectDisposedException)
            {
                // The engine was closed meanwhile; there is nobody to wake.
            }
        }
    }

    public void Dispose()
    {
        lock (_incomingGate)
        {
            if (_stopping)
            {
                return;
            }

            _stopping = true;
        }

        lock (_runGate)
        {
            _prefillRun.Terminate = true;
            _decodeRun.Terminate = true;
        }

        _wake.Set();
        _thread.Join();
        lock (_runGate)
        {
            _disposed = true;
            _prefillRun.Dispose();
            _decodeRun.Dispose();
        }

        _wake.Dispose();
    }

    private void Loop()
    {
        try
        {
            while (!_stopping)
            {
                TakeIncoming();
                Reap();
                _admission.Admit();
                Generation? prefill = NextPrefill();
                bool decodes = Decode();
                if (prefill is not null)
                {
                    Prefill(prefill);
                }

                if (!decodes && prefill is null)
                {
                    Publish();
                    _wake.WaitOne();
                }

                _turn++;
            }
        }
        catch (Exception e)
        {
            // A defect of ours must reach those who wait; without them the process would go down.
            _failure = e as TokenFactoryException ?? new TokenFactoryException("InferenceFailed", FailureKind.OperationFailed,
                $"The engine stopped: {e.Message} Clear the model with Clear-TokenFactoryModel and try again.", null, e);
        }

        EndAll();
    }

    private volatile TokenFactoryException? _failure;

    private void TakeIncoming()
    {
        lock (_incomingGate)
        {
            (_incoming, _taken) = (_taken, _incoming);
        }

        foreach (Generation generation in _taken)
        {
            _admission.Waiting.Add(generation);
        }

        _taken.Clear();
    }

    // Requests that were cancelled from outside leave their places here.
    private void Reap()
    {
        for (int i = _admission.Waiting.Count - 1; i >= 0; i--)
        {
            if (_admission.Waiting[i].Ended)
            {
                _admission.Waiting.RemoveAt(i);
            }
        }

        foreach (Slot slot in _slots)
        {
            if (slot.Owner is { Ended: true })
            {
                Vacate(slot);
            }
        }
    }

    private void Vacate(Slot slot)
    {
        slot.Owner = null;
        slot.Reserved = 0;
        slot.LastUsed = _turn;
        _steadyRows = 0;
        if (!_runner.CanCopy)
        {
            // A growing cache can't be cut back to a prefix.
            _runner.Release(slot.Index);
            slot.Forget();
        }
    }

    private void Finish(Generation generation, FinishReason reason, Exception? failure = null)
    {
        Slot? slot = generation.Slot;
        generation.End(reason, failure);
        if (slot is not null)
        {
            Vacate(slot);
        }
    }

    private void EndAll()
    {
        lock (_incomingGate)
        {
            _stopping = true;
        }

        TakeIncoming();
        foreach (Generation generation in _admission.Waiting)
        {
            generation.End(FinishReason.Cancelled, _failure);
        }

        foreach (Slot slot in _slots)
        {
            slot.Owner?.End(FinishReason.Cancelled, _failure);
            slot.Owner = null;
        }
    }

    private Generation? NextPrefill()
    {
        Generation? next = null;
        long now = Stopwatch.GetTimestamp();
        foreach (Slot slot in _slots)
        {
            if (slot.Owner is { Decoding: false } candidate && (next is null || _admission.Before(candidate, next, now)))
            {
                next = candidate;
            }
        }

        return next;
    }
}
