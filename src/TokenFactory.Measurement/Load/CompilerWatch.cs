using System.Diagnostics;
using System.Runtime;

namespace TokenFactory.Measurement.Load;

/// <summary>Tells when the runtime's compiler has little left to do: while it compiles methods anew it takes a core from an engine in the same process.</summary>
internal sealed class CompilerWatch
{
    // The compiler begins 0.1 s after methods were last called for the first time.
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(3);
    private const double BusyShare = 0.05;

    private readonly Lock _lock = new();
    private readonly long _began = Stopwatch.GetTimestamp();
    private long _windowBegan = Stopwatch.GetTimestamp();
    private TimeSpan _compiled = JitInfo.GetCompilationTime();
    private bool _quiet;

    /// <summary>True once it took less than a twentieth of a quarter of a second, or three seconds have passed.</summary>
    public bool IsQuiet
    {
        get
        {
            lock (_lock)
            {
                TimeSpan window = Stopwatch.GetElapsedTime(_windowBegan);
                if (!_quiet && window >= s_window)
                {
                    TimeSpan compiled = JitInfo.GetCompilationTime();
                    _quiet = compiled - _compiled < window * BusyShare || Stopwatch.GetElapsedTime(_began) >= s_longest;
                    (_windowBegan, _compiled) = (Stopwatch.GetTimestamp(), compiled);
                }

                return _quiet;
            }
        }
    }
}
