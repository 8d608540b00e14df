using System.Diagnostics;
using System.Runtime.InteropServices;

namespace TokenFactory.Measurement.Load;

/// <summary>Sleeps to about a millisecond on every system; Windows' plain sleep rounds up to 15.6 ms.</summary>
internal sealed partial class PreciseSleep : IDisposable
{
    private const uint HighResolution = 2;
    private const uint AllAccess = 0x1F0003;

    private readonly nint _timer = OperatingSystem.IsWindows() ? CreateWaitableTimerExW(0, 0, HighResolution, AllAccess) : 0;

    /// <summary>Sleeps until a time, at most 100 ms at once so that the caller can look whether it should stop.</summary>
    /// <param name="timestamp">The time in <see cref="Stopwatch"/> ticks.</param>
    public void TowardsTimestamp(long timestamp)
    {
        double seconds = Math.Min(0.1, (double)(timestamp - Stopwatch.GetTimestamp()) / Stopwatch.Frequency);
        if (seconds <= 0)
        {
            return;
        }

        if (_timer != 0)
        {
            long due = -(long)(seconds * 1e7);
            if (SetWaitableTimer(_timer, in due, 0, 0, 0, 0) != 0)
            {
                _ = WaitForSingleObject(_timer, 1000);
                return;
            }
        }

        Thread.Sleep(TimeSpan.FromMilliseconds(Math.Max(1, Math.Floor(seconds * 1000))));
    }

    public void Dispose()
    {
        if (_timer != 0)
        {
            _ = CloseHandle(_timer);
        }
    }

    [LibraryImport("kernel32.dll")]
    private static partial nint CreateWaitableTimerExW(nint attributes, nint name, uint flags, uint access);

    [LibraryImport("kernel32.dll")]
    private static partial int SetWaitableTimer(nint timer, in long dueTime, int period, nint routine, nint argument, int resume);

    [LibraryImport("kernel32.dll")]
    private static partial uint WaitForSingleObject(nint handle, uint milliseconds);

    [LibraryImport("kernel32.dll")]
    private static partial int CloseHandle(nint handle);
}
