using System.Diagnostics;
using TokenFactory.Core;
using TokenFactory.Hardware.Energy;
using TokenFactory.Measurement.Statistics;

namespace TokenFactory.Measurement.Load;

/// <summary>Sends a plan's requests to a target and measures what comes back.</summary>
/// <remarks>One run at a time. Created for one run and used up by it.</remarks>
public sealed class LoadRunner : IDisposable
{
    /// <summary>P99 of the client's lag above which a run counts as limited by the client, seconds.</summary>
    public const double LagLimitSeconds = 0.005;

    /// <summary>The same for an engine in this process.</summary>
    public const double InProcessLagLimitSeconds = 0.025;

    private const int StartBurst = 256;

    private readonly LoadPlan _plan;
    private readonly ILoadTarget _target;
    private readonly RequestPool _pool;
    private readonly CancellationTokenSource _coolDown = new();
    private readonly Lock _lagLock = new();
    private readonly SampleSet _lag = new();
    private readonly Action<PooledRequest, bool, Exception?> _arrivalEnded;
    private MeasurementCollector? _collector;
    private ArrivalDispatcher? _dispatcher;
    private long _origin;
    private long _next;
    private long _nextUnmeasured;
    private long _measuredInFlight;
    private long _unfinished;
    private bool _allSent;
    private bool _overflowed;

    /// <summary>Creates a runner.</summary>
    /// <param name="plan">What to send.</param>
    /// <param name="target">Where to.</param>
    public LoadRunner(LoadPlan plan, ILoadTarget target)
    {
        if (plan.Requests is null && plan.Duration is null && plan.Shape is not ArrivalLoad)
        {
            throw new ArgumentException("A closed loop needs a number of requests or a duration.", nameof(plan));
        }

        _plan = plan;
        _target = target;
        _pool = new RequestPool(plan.RequestTimeout);
        _arrivalEnded = ArrivalEnded;
    }

    /// <summary>Runs the plan.</summary>
    /// <param name="run">What is known of the run; its start and load are filled in here.</param>
    /// <param name="progress">Gets progress five times a second; null for none.</param>
    /// <param name="cancellationToken">Stops the run: what was measured so far is returned, with <c>Completed</c> false.</param>
    /// <exception cref="TokenFactoryException"><c>TargetUnavailable</c>: every warm-up request failed.</exception>
    public async Task<ThroughputMeasurement> RunAsync(RunDescription run, IProgress<LoadProgress>? progress, CancellationToken cancellationToken)
    {
        await WarmUpAsync(progress, cancellationToken).ConfigureAwait(false);

        // What the warm-up made stays; moved out of the way now, it is not moved in a pause of the measured run.
        GC.Collect();
        _origin = Stopwatch.GetTimestamp();
        run = run with
        {
            StartedAt = DateTimeOffset.UtcNow,
            Load = _plan.Shape.Describe(),
            Concurrency = _plan.Shape switch { ConcurrencyLoad c => c.Concurrency, SessionLoad s => s.Sessions, _ => null },
            RequestedRate = (_plan.Shape as ArrivalLoad)?.RatePerSecond,
            Repeat = _plan.Repeat,
        };
        _collector = new MeasurementCollector(_origin, _plan.ServiceTargets);
        _plan.Records?.Begin(run, _origin);
        IEnergySpan? span = _plan.Energy?.Start();
        LatencySummary waits;
        using (var probe = new LagProbe(reading: !_target.InProcess))
        using (new Timer(_ => progress?.Report(Progress("Measuring")), null, 200, 200))
        {
            await SendAllAsync(cancellationToken).ConfigureAwait(false);
            waits = probe.Summarize();
        }

        EnergyReading? energy = span?.Stop();
        LatencySummary lag = _lag.Summarize();
        var ending = new RunEnding
        {
            Completed = !cancellationToken.IsCancellationRequested,
            Unfinished = _unfinished,
            EnergyJoules = energy?.Joules,
            EnergyScope = energy?.Scope?.ToString().ToLowerInvariant(),
            EnergyUnavailable = energy?.Reason ?? _plan.EnergyUnavailable,
            ClientLag = lag,
            ReadingLag = waits,
            ClientLimit = ClientLimit(lag, waits),
        };
        _plan.Records?.End(ending);
        return _collector.Build(run, ending);
    }

    /// <inheritdoc/>
    public void Dispose() => _coolDown.Dispose();

    private async Task SendAllAsync(CancellationToken stop)
    {
        try
        {
            switch (_plan.Shape)
            {
                case ConcurrencyLoad closed:
                    await SlotsAsync(closed.Concurrency, _ => SlotAsync(stop)).ConfigureAwait(false);
                    break;
                case SessionLoad sessions:
                    await SlotsAsync(sessions.Sessions, user => SessionAsync(sessions, user, stop)).ConfigureAwait(false);
                    break;
                case ArrivalLoad open:
                    _dispatcher = new ArrivalDispatcher(_plan, open, _origin, SendArrival, SendCoolDownArrivalAsync, LimitReached);
                    await _dispatcher.RunAsync(stop).ConfigureAwait(false);
                    await _coolDown.CancelAsync().ConfigureAwait(false);
                    break;
                default:
                    throw new NotSupportedException($"Load shape {_plan.Shape.GetType().Name} is not known.");
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // What was measured so far is the result.
        }
    }

    private void LimitReached() => _overflowed = true;

    private static async Task SlotsAsync(int count, Func<int, Task> slot)
    {
        List<Task> slots = new(count);
        for (int i = 0; i < count; i++)
        {
            int number = i;
            slots.Add(Task.Run(() => slot(number)));
            if (i % StartBurst == StartBurst - 1)
            {
                // Thousands of connections at one instant overflow a listener's backlog, and the lost ones try again a second later.
                await Task.Delay(10).ConfigureAwait(false);
            }
        }

        await Task.WhenAll(slots).ConfigureAwait(false);
    }

    private async Task SlotAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested && TryTake(out long index))
        {
            await MeasuredAsync(_plan.Prompts.Create(index), stop).ConfigureAwait(false);
        }

        await CoolDownAsync(stop).ConfigureAwait(false);
    }

    private async Task SessionAsync(SessionLoad shape, int user, CancellationToken stop)
    {
        for (int session = user; !stop.IsCancellationRequested; session += shape.Sessions)
        {
            var history = new SessionHistory(session);
            for (int turn = 0; turn < shape.Turns; turn++)
            {
                if (!TryTake(out long index))
                {
                    await CoolDownAsync(stop).ConfigureAwait(false);
                    return;
                }

                LoadRequest request = history.Next(_plan.Prompts.Create(index), turn);
                if (await MeasuredAsync(request, stop, history).ConfigureAwait(false) is not null)
                {
                    break;
                }

                if (turn + 1 < shape.Turns && shape.ThinkTime > TimeSpan.Zero)
                {
                    await Task.Delay(shape.ThinkTime, stop).ConfigureAwait(false);
                }
            }
        }
    }

    private bool TryTake(out long index)
    {
        index = Interlocked.Increment(ref _next) - 1;
        bool more = (_plan.Requests is not { } most || index < most)
            && (_plan.Duration is not { } longest || Stopwatch.GetElapsedTime(_origin) < longest);
        if (!more)
        {
            Volatile.Write(ref _allSent, true);
            EndCoolDownWhenDone();
        }

        return more;
    }

    private async Task CoolDownAsync(CancellationToken stop)
    {
        if (!_plan.CoolDown)
        {
            return;
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop, _coolDown.Token);
        while (!ended.IsCancellationRequested)
        {
            long index = (1L << 40) + Interlocked.Increment(ref _nextUnmeasured);
            await UnmeasuredAsync(_plan.Prompts.Create(index), ended.Token).ConfigureAwait(false);
        }
    }

    private void EndCoolDownWhenDone()
    {
        if (Volatile.Read(ref _allSent) && Volatile.Read(ref _measuredInFlight) == 0)
        {
            _coolDown.Cancel();
        }
    }

    private void SendArrival(LoadRequest request, long due, CancellationToken stop) => Begin(request, due).Start(_target, request, _arrivalEnded, stop);

    private void ArrivalEnded(PooledRequest slot, bool finished, Exception? fault)
    {
        try
        {
            if (fault is null)
            {
                Note(slot, finished);
            }
        }
        catch (Exception e)
        {
            // Nobody awaits this call: what is thrown here would end the process.
            fault = e;
        }

        End(slot);
        _dispatcher!.Ended(fault);
    }

    private async Task SendCoolDownArrivalAsync(LoadRequest request)
    {
        // Not on the dispatching thread: it has the next arrival to send.
        await Task.Yield();
        await UnmeasuredAsync(request, _coolDown.Token).ConfigureAwait(false);
    }

    /// <summary>Sends one measured request; the answer is null when it succeeded.</summary>
    private async Task<RequestFailure?> MeasuredAsync(LoadRequest request, CancellationToken stop, SessionHistory? history = null)
    {
        PooledRequest slot = Begin(request, due: 0);
        try
        {
            RequestFailure? failure = Note(slot, await slot.SendAsync(_target, request, stop).ConfigureAwait(false));
            history?.Answer(slot.Trace);
            return failure;
        }
        finally
        {
            End(slot);
        }
    }

    private PooledRequest Begin(LoadRequest request, long due)
    {
        Interlocked.Increment(ref _measuredInFlight);
        PooledRequest slot = _pool.Rent();
        RequestTrace trace = slot.Trace;
        trace.Index = request.Index;
        trace.Session = request.Session;
        trace.Turn = request.Turn;
        trace.DueTimestamp = due;
        return slot;
    }

    private RequestFailure? Note(PooledRequest slot, bool finished)
    {
        RequestTrace trace = slot.Trace;
        if (!finished)
        {
            Interlocked.Increment(ref _unfinished);
            return new RequestFailure(FailureReason.ConnectionLost, "The run was stopped.");
        }

        if (trace.DueTimestamp != 0)
        {
            lock (_lagLock)
            {
                _lag.Add((double)(trace.SentTimestamp - trace.DueTimestamp) / Stopwatch.Frequency);
            }
        }

        _collector!.Add(trace);
        _plan.Records?.Write(trace);
        return trace.Failure;
    }

    private void End(PooledRequest slot)
    {
        _pool.Return(slot);
        Interlocked.Decrement(ref _measuredInFlight);
        EndCoolDownWhenDone();
    }

    private async Task<RequestFailure?> UnmeasuredAsync(LoadRequest request, CancellationToken stop)
    {
        PooledRequest slot = _pool.Rent();
        try
        {
            await slot.SendAsync(_target, request, stop).ConfigureAwait(false);
            return slot.Trace.Failure;
        }
        finally
        {
            _pool.Return(slot);
        }
    }

    private async Task WarmUpAsync(IProgress<LoadProgress>? progress, CancellationToken stop)
    {
        int count = _plan.WarmupRequests;
        if (count == 0)
        {
            return;
        }

        progress?.Report(new LoadProgress("Warming up", 0, 0, count, 0, 0, TimeSpan.Zero));
        CompilerWatch? compiler = _plan.WarmUpUntilCompiled ? new CompilerWatch() : null;
        int started = 0;
        int answered = 0;
        RequestFailure? first = null;
        // Whoever asks for a long warm-up of an open loop wants its connections open before the first measured request.
        int width = _plan.Shape switch { ConcurrencyLoad c => c.Concurrency, SessionLoad s => s.Sessions, _ => count <= 64 ? 8 : Math.Min(count, 8192) };
        await SlotsAsync(Math.Min(width, count), async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                int i = Interlocked.Increment(ref started);
                if (i > count && (Volatile.Read(ref first) is not null || compiler is not { IsQuiet: false }))
                {
                    break;
                }

                if (await UnmeasuredAsync(_plan.Prompts.Create((1L << 41) + i), stop).ConfigureAwait(false) is { } failure)
                {
                    Interlocked.CompareExchange(ref first, failure, null);
                }
                else
                {
                    Interlocked.Increment(ref answered);
                }
            }
        }).ConfigureAwait(false);
        if (answered == 0 && first is not null)
        {
            throw new TokenFactoryException("TargetUnavailable", FailureKind.OperationFailed,
                $"{(count == 1 ? "The warm-up request" : FormattableString.Invariant($"Each of the {count} warm-up requests"))} to {_target.Provider} failed. {first.Key}: {first.Message.TrimEnd('.')}. "
                + "Check the address, the model's name and the key, or measure the failures themselves without a warm-up.", _target.Provider);
        }
    }

    private LoadProgress Progress(string activity)
    {
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_origin);
        long ended = _collector!.Requests;
        double byCount = _plan.Requests is { } planned and > 0 ? (double)ended / planned : 0;
        double byTime = _plan.Duration is { } longest ? elapsed / longest : 0;
        return new LoadProgress(activity, ended, _collector.Failed, _plan.Requests, Math.Min(1, Math.Max(byCount, byTime)),
            elapsed > TimeSpan.Zero ? _collector.OutputTokens / elapsed.TotalSeconds : 0, elapsed);
    }

    private string? ClientLimit(LatencySummary lag, LatencySummary waits)
    {
        if (_overflowed)
        {
            return FormattableString.Invariant($"{_plan.MaximumInFlight} requests were in flight and later ones had to wait.");
        }

        // In one process the engine's work delays the sending, not the engine's own timestamps: it takes more to make figures wrong.
        double limit = _target.InProcess ? InProcessLagLimitSeconds : LagLimitSeconds;
        return Late("sending", lag, limit) ?? (_target.InProcess ? null : Late("reading", waits, limit));
    }

    private static string? Late(string what, LatencySummary lag, double limit) => lag.P99 is { } worst && worst > limit
        ? FormattableString.Invariant($"This side was late: P99 of its lag of {what} is {worst * 1000:0.#} ms (limit {limit * 1000:0.#} ms).")
        : null;
}
