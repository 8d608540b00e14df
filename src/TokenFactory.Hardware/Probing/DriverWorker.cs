using System.Collections.Concurrent;

namespace TokenFactory.Hardware.Probing;

/// <summary>
/// A thread that calls into a driver on behalf of others. A call that does not come back in time is given up with its thread, and
/// every later call is refused at once: a driver that hangs costs one timeout a device and never hides another device.
/// </summary>
internal sealed class DriverWorker(string subject, TimeSpan timeout) : IDisposable
{
    // Without a persistence daemon the first call loads the driver and wakes the device, which takes seconds on a healthy machine.
    private const int FirstCallFactor = 5;

    private readonly BlockingCollection<Action> _calls = [];
    private readonly Lock _lock = new();
    private Thread? _thread;
    private volatile bool _hung;
    private string _hungReason = $"{subject} did not answer";

    /// <summary>True after a call did not come back.</summary>
    public bool Hung => _hung;

    public Reading<T> Call<T>(Func<Reading<T>> call, CancellationToken cancellationToken = default)
    {
        if (_hung)
        {
            return Reading<T>.None(_hungReason);
        }

        TimeSpan patience = timeout;
        lock (_lock)
        {
            if (_thread is null)
            {
                patience *= FirstCallFactor;
                _thread = new Thread(Run) { IsBackground = true, Name = subject };
                _thread.Start();
            }
        }

        var done = new TaskCompletionSource<Reading<T>>(TaskCreationOptions.RunContinuationsAsynchronously);
        _calls.Add(() => done.SetResult(Guarded(call)), cancellationToken);
        try
        {
            if (done.Task.Wait((int)patience.TotalMilliseconds, cancellationToken))
            {
                return done.Task.Result;
            }
        }
        catch (OperationCanceledException)
        {
            // The caller goes away while the driver is still inside: nobody may use this thread again.
            _hung = true;
            throw;
        }

        _hungReason = $"{subject} did not answer within {patience.TotalSeconds.ToString("0.##", System.Globalization.CultureInfo.InvariantCulture)} s";
        _hung = true;
        return Reading<T>.None(_hungReason);
    }

    public void Dispose() => _calls.CompleteAdding();

    private Reading<T> Guarded<T>(Func<Reading<T>> call)
    {
        try
        {
            return call();
        }
        catch (Exception e)
        {
            return Reading<T>.None($"{subject} failed: {e.Message}");
        }
    }

    private void Run()
    {
        foreach (Action call in _calls.GetConsumingEnumerable())
        {
            call();
        }
    }
}
