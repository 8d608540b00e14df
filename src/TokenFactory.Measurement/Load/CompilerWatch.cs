using System.Diagnostics;
using System.Runtime;

namespace TokenFactory.Measurement.Load;

/// <summary>Tells when the runtime's compiler has little left to do: until then an engine in the same process runs code that is not optimized, and shares its cores.</summary>
/// <remarks>Methods are compiled anew once nothing has been called for the first time for a while. In a PowerShell session that begins a second after the first request, and lasts one or two.</remarks>
internal sealed class CompilerWatch
{
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan s_least = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(4);

    // The first watch of the process: what it waited for, later ones need not.
    private static readonly long s_first = Stopwatch.GetTimestamp();

    private const double BusyShare = 0.05;

    private readonly Lock _lock = new();
    private readonly long _began = Stopwatch.GetTimestamp();
    private long _windowBegan = Stopwatch.GetTimestamp();
    private TimeSpan _compiled = JitInfo.GetCompilationTime();
    private bool _quiet;

    /// <summary>True once it took less than a twentieth of a quarter of a second, two seconds or more after the process's first watch began, or four seconds have passed.</summary>
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
                    _quiet = (compiled - _compiled < window * BusyShare && Stopwatch.GetElapsedTime(s_first) >= s_least) || Stopwatch.GetElapsedTime(_began) >= s_most;
                    (_windowBegan, _compiled) = (Stopwatch.GetTimestamp(), compiled);
                }

                return _quiet;
            }
        }
    }
}
