using System.Diagnostics;

namespace TokenFactory.Measurement.Load;

/// <summary>Sends the requests of an open loop when they are due, on a thread of its own.</summary>
internal sealed class ArrivalDispatcher(
    LoadPlan plan, ArrivalLoad shape, long origin, Action<LoadRequest, long, CancellationToken> send, Func<LoadRequest, Task> sendUnmeasured, Action limitReached)
{
    private const long CoolDownIndex = 1L << 40;

    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _inFlight = 1;

    public async Task RunAsync(CancellationToken stop)
    {
        var thread = new Thread(() => Dispatch(stop)) { IsBackground = true, Name = "TokenFactory arrivals", Priority = ThreadPriority.AboveNormal };
        thread.Start();
        await _done.Task.ConfigureAwait(false);
    }

    /// <summary>A request that was sent has ended.</summary>
    /// <param name="fault">A fault of this side, which ends the run; null for none.</param>
    public void Ended(Exception? fault)
    {
        if (fault is not null)
        {
            _done.TrySetException(fault);
        }

        if (Interlocked.Decrement(ref _inFlight) == 0)
        {
            _done.TrySetResult();
        }
    }

    private void Dispatch(CancellationToken stop)
    {
        Exception? fault = null;
        try
        {
            SendWhenDue(stop);
        }
        catch (Exception e)
        {
            fault = e;
        }

        Ended(fault);
    }

    private void SendWhenDue(CancellationToken stop)
    {
        using var sleep = new PreciseSleep();
        long index = 0;
        foreach (Arrival arrival in shape.Arrivals(plan.Seed))
        {
            bool measured = index < (plan.Requests ?? long.MaxValue) && arrival.Seconds <= (plan.Duration?.TotalSeconds ?? double.MaxValue);
            if (!measured && (!plan.CoolDown || Volatile.Read(ref _inFlight) == 1))
            {
                return;
            }

            // The prompt is made before it is due, so that only the sending itself is left to do on time.
            LoadRequest request = plan.Prompts.Create(measured ? index : CoolDownIndex + index, arrival.Entry);
            index++;
            long due = origin + (long)(arrival.Seconds * Stopwatch.Frequency);
            while (Stopwatch.GetTimestamp() < due)
            {
                if (stop.IsCancellationRequested)
                {
                    return;
                }

                sleep.TowardsTimestamp(due);
            }

            while (Volatile.Read(ref _inFlight) > plan.MaximumInFlight && !stop.IsCancellationRequested)
            {
                limitReached();
                Thread.Sleep(1);
            }

            if (stop.IsCancellationRequested)
            {
                return;
            }

            if (!measured)
            {
                // The load goes on until the last measured request has ended; its requests count for nothing.
                _ = sendUnmeasured(request);
                continue;
            }

            Interlocked.Increment(ref _inFlight);
            send(request, due, stop);
        }
    }
}
