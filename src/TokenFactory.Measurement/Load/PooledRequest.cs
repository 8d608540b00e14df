using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace TokenFactory.Measurement.Load;

/// <summary>A trace with the time-out that guards its request.</summary>
/// <remarks>
/// Written out by hand where an async method would do: thousands of their state machines in flight are what a collection of the youngest generation
/// would stop the client for.
/// </remarks>
#pragma warning disable CA1001 // A source that only ever had a timer holds nothing but memory.
internal sealed class PooledRequest : IValueTaskSource<bool>
#pragma warning restore CA1001
{
    private static readonly Action<PooledRequest, bool, Exception?> s_setResult = static (request, finished, fault) => request.SetResult(finished, fault);

    private readonly TimeSpan _timeout;
    private readonly CancellationTokenSource _limit = new();
    private readonly Action _answered;
    private ManualResetValueTaskSourceCore<bool> _result;
    private ValueTaskAwaiter _sending;
    private CancellationTokenRegistration _registration;
    private CancellationToken _stop;
    private Action<PooledRequest, bool, Exception?>? _ended;
    private bool _spoiled;

    public PooledRequest(TimeSpan timeout) => (_timeout, _answered) = (timeout, Answered);

    public RequestTrace Trace { get; } = new();

    /// <summary>Sends a request; false when the run was stopped meanwhile.</summary>
    public ValueTask<bool> SendAsync(ILoadTarget target, LoadRequest request, CancellationToken stop)
    {
        _result.Reset();
        var task = new ValueTask<bool>(this, _result.Version);
        Start(target, request, s_setResult, stop);
        return task;
    }

    /// <summary>Sends a request and calls back when it has ended: false when the run was stopped meanwhile; a fault that is not the target's, or null.</summary>
    public void Start(ILoadTarget target, LoadRequest request, Action<PooledRequest, bool, Exception?> ended, CancellationToken stop)
    {
        _ended = ended;
        _stop = stop;
        _registration = stop.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), _limit);
        _limit.CancelAfter(_timeout);
        try
        {
#pragma warning disable CA2012 // Its awaiter is asked once, when it has ended.
            _sending = target.SendAsync(request, Trace, _limit.Token).GetAwaiter();
#pragma warning restore CA2012
        }
        catch (Exception e)
        {
            End(finished: e is OperationCanceledException && !GivenUp(), e is OperationCanceledException ? null : e);
            return;
        }

        if (_sending.IsCompleted)
        {
            Answered();
        }
        else
        {
            _sending.UnsafeOnCompleted(_answered);
        }
    }

    /// <summary>Makes it ready for another request; false when that is not possible.</summary>
    public bool TryReset()
    {
        Trace.Reset();
        return !_spoiled && _limit.TryReset();
    }

    /// <inheritdoc/>
    public bool GetResult(short token) => _result.GetResult(token);

    /// <inheritdoc/>
    public ValueTaskSourceStatus GetStatus(short token) => _result.GetStatus(token);

    /// <inheritdoc/>
    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _result.OnCompleted(continuation, state, token, flags);

    private void Answered()
    {
        ValueTaskAwaiter sending = _sending;
        _sending = default;
        bool finished = true;
        Exception? fault = null;
        try
        {
            sending.GetResult();
            finished = Trace.EndTimestamp != 0 || !_limit.IsCancellationRequested || !GivenUp();
        }
        catch (OperationCanceledException)
        {
            finished = !GivenUp();
        }
        catch (Exception e)
        {
            // A failed request never throws; what does is a fault of ours and must surface.
            fault = e;
        }

        End(finished, fault);
    }

    private void End(bool finished, Exception? fault)
    {
        // Disposing would wait for a callback that runs on another thread, and this may be the very thread that callback waits for.
        _spoiled = _stop.CanBeCanceled && !_registration.Unregister();
        if (finished && fault is null)
        {
            long now = Stopwatch.GetTimestamp();
            if (Trace.SentTimestamp == 0)
            {
                Trace.MarkSent(now);
            }

            if (Trace.EndTimestamp == 0)
            {
                Trace.MarkEnded(now);
            }
        }

        _ended!(this, finished, fault);
    }

    private void SetResult(bool finished, Exception? fault)
    {
        if (fault is null)
        {
            _result.SetResult(finished);
        }
        else
        {
            _result.SetException(fault);
        }
    }

    /// <summary>True when the run was stopped; else the request took too long, which is noted.</summary>
    private bool GivenUp()
    {
        if (_stop.IsCancellationRequested)
        {
            return true;
        }

        Trace.Failure = new RequestFailure(FailureReason.Timeout,
            FormattableString.Invariant($"No end after {_timeout.TotalSeconds:0.###} s, {Trace.FragmentCount} fragments had come."));
        return false;
    }
}
