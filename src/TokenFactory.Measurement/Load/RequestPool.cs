using System.Collections.Concurrent;
using System.Diagnostics;

namespace TokenFactory.Measurement.Load;

/// <summary>Keeps traces and their time-outs for reuse, so that a request costs no garbage of its own here.</summary>
internal sealed class RequestPool(TimeSpan timeout)
{
    private readonly ConcurrentBag<PooledRequest> _free = [];

    public PooledRequest Rent() => _free.TryTake(out PooledRequest? request) ? request : new PooledRequest(timeout);

    public void Return(PooledRequest request)
    {
        if (request.TryReset())
        {
            _free.Add(request);
        }
    }
}

/// <summary>A trace with the time-out that guards its request.</summary>
#pragma warning disable CA1001 // A source that only ever had a timer holds nothing but memory.
internal sealed class PooledRequest(TimeSpan timeout)
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource _limit = new();

    private bool _spoiled;

    public RequestTrace Trace { get; } = new();

    /// <summary>Sends a request; false when the run was stopped meanwhile.</summary>
    public async Task<bool> SendAsync(ILoadTarget target, LoadRequest request, CancellationToken stop)
    {
        CancellationTokenRegistration registration = stop.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), _limit);
        _limit.CancelAfter(timeout);
        try
        {
            await target.SendAsync(request, Trace, _limit.Token).ConfigureAwait(false);
            if (Trace.EndTimestamp == 0 && _limit.IsCancellationRequested && GivenUp(stop))
            {
                return false;
            }
        }
        catch (OperationCanceledException)
        {
            if (GivenUp(stop))
            {
                return false;
            }
        }
        finally
        {
            // Disposing would wait for a callback that runs on another thread, and this may be the very thread that callback waits for.
            _spoiled = stop.CanBeCanceled && !registration.Unregister();
        }

        long now = Stopwatch.GetTimestamp();
        if (Trace.SentTimestamp == 0)
        {
            Trace.MarkSent(now);
        }

        if (Trace.EndTimestamp == 0)
        {
            Trace.MarkEnded(now);
        }

        return true;
    }

    /// <summary>True when the run was stopped; else the request took too long, which is noted.</summary>
    private bool GivenUp(CancellationToken stop)
    {
        if (stop.IsCancellationRequested)
        {
            return true;
        }

        Trace.Failure = new RequestFailure(FailureReason.Timeout,
            FormattableString.Invariant($"No end after {timeout.TotalSeconds:0.###} s, {Trace.FragmentCount} fragments had come."));
        return false;
    }

    public bool TryReset()
    {
        Trace.Reset();
        return !_spoiled && _limit.TryReset();
    }
}
