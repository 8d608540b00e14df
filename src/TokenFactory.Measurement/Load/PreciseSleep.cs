using System.Diagnostics;
using System.Runtime.InteropServices;

namespace TokenFactory.Measurement.Load;

/// <summary>Sleeps to about a tenth of a millisecond on Linux and macOS and to about half of one on Windows.</summary>
/// <remarks>The framework's own sleep counts whole milliseconds, which Windows rounds up to 15.6 ms.</remarks>
internal sealed partial class PreciseSleep : IDisposable
{
    private const uint HighResolution = 2;
    private const uint AllAccess = 0x1F0003;

    private static bool s_noNanosleep = OperatingSystem.IsWindows() || nint.Size != 8;

    private readonly nint _timer = OperatingSystem.IsWindows() ? CreateWaitableTimerExW(0, 0, HighResolution, AllAccess) : 0;

    /// <summary>Sleeps until a time, at most 20 ms at once so that the caller can look whether it should stop.</summary>
    /// <param name="timestamp">The time in <see cref="Stopwatch"/> ticks.</param>
    public void TowardsTimestamp(long timestamp)
    {
        double seconds = Math.Min(0.02, (double)(timestamp - Stopwatch.GetTimestamp()) / Stopwatch.Frequency);
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

        if (!s_noNanosleep && Nanosleep(seconds))
        {
            return;
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

    private static bool Nanosleep(double seconds)
    {
        try
        {
            // When a signal interrupts it, the caller sleeps again.
            var time = new TimeSpec(0, (long)(seconds * 1e9));
            _ = NanosleepC(in time, 0);
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            s_noNanosleep = true;
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    private static partial int NanosleepC(in TimeSpec time, nint left);

    [LibraryImport("kernel32.dll")]
    private static partial nint CreateWaitableTimerExW(nint attributes, nint name, uint flags, uint access);

    [LibraryImport("kernel32.dll")]
    private static partial int SetWaitableTimer(nint timer, in long dueTime, int period, nint routine, nint argument, int resume);

    [LibraryImport("kernel32.dll")]
    private static partial uint WaitForSingleObject(nint handle, uint milliseconds);

    [LibraryImport("kernel32.dll")]
    private static partial int CloseHandle(nint handle);

    private readonly record struct TimeSpec(long Seconds, long Nanoseconds);
}
