using System.Diagnostics;
using TokenFactory.Measurement.Statistics;

namespace TokenFactory.Measurement.Load;

/// <summary>Measures how long a piece of work waits in this process before a thread takes it, a hundred times a second.</summary>
/// <remarks>A fragment's timestamp is late by about as much, so this is the error that the client adds to what it measures.</remarks>
internal sealed class LagProbe : IDisposable
{
    private const double IntervalSeconds = 0.01;

    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private readonly Lock _lock = new();
    private readonly SampleSet _samples = new();

    public LagProbe()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "TokenFactory lag probe" };
        _thread.Start();
    }

    public LatencySummary Summarize()
    {
        lock (_lock)
        {
            return _samples.Summarize();
        }
    }

    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        while (!_stop.Wait(TimeSpan.FromSeconds(IntervalSeconds)))
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static state =>
                {
                    double waited = Stopwatch.GetElapsedTime(state.Queued).TotalSeconds;
                    lock (state.Probe._lock)
                    {
                        state.Probe._samples.Add(waited);
                    }
                },
                (Probe: this, Queued: Stopwatch.GetTimestamp()),
                preferLocal: false);
        }
    }
}
