using System.Collections.Concurrent;
using System.Diagnostics;

namespace TokenFactory.Fuzz;

/// <summary>Reads a child's lines and ends it when its case takes more CPU time, memory or time than it may.</summary>
internal sealed class ChildWatch
{
    private readonly Process _child;
    private readonly FuzzLimits _limits;
    private readonly BlockingCollection<string> _lines = [];
    private double _cpuAtStart;
    private long _began;
    private bool _inCase;

    public ChildWatch(Process child, FuzzLimits limits)
    {
        (_child, _limits) = (child, limits);
        child.OutputDataReceived += (_, e) =>
        {
            if (e.Data is null)
            {
                _lines.CompleteAdding();
            }
            else
            {
                _lines.Add(e.Data);
            }
        };
        child.ErrorDataReceived += (_, e) => LastError = string.IsNullOrWhiteSpace(e.Data) || LastError.Length > 300 ? LastError : $"{LastError} {e.Data.Trim()}";
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
        _began = Stopwatch.GetTimestamp();
    }

    /// <summary>Why it was ended; null when it was not.</summary>
    public string? Ended { get; private set; }

    /// <summary>The beginning of what it wrote as errors.</summary>
    public string LastError { get; private set; } = "";

    /// <summary>True while ONNX Runtime runs the case's graph.</summary>
    public bool IsRunning { get; set; }

    public void Begin()
    {
        IsRunning = false;
        (_inCase, _cpuAtStart, _began) = (true, Cpu() ?? 0, Stopwatch.GetTimestamp());
    }

    public void End() => (_inCase, _began) = (false, Stopwatch.GetTimestamp());

    /// <summary>The next line; null at the end.</summary>
    public string? ReadLine()
    {
        while (true)
        {
            if (_lines.TryTake(out string? line, TimeSpan.FromMilliseconds(100)))
            {
                return line;
            }

            if (_lines.IsCompleted)
            {
                return null;
            }

            Look();
        }
    }

    private void Look()
    {
        if (Ended is not null || Cpu() is not { } cpu)
        {
            return;
        }

        Ended = _inCase && cpu - _cpuAtStart > _limits.HangSeconds ? FormattableString.Invariant($"HANG ended after {cpu - _cpuAtStart:0.0} s of CPU")
            : _child.WorkingSet64 > _limits.ProcessBytes ? FormattableString.Invariant($"MEMORY ended at {_child.WorkingSet64 / 1e6:0} MB")
            : Stopwatch.GetElapsedTime(_began).TotalSeconds > _limits.StuckSeconds + 60 ? "STUCK ended: neither CPU time nor an answer"
            : null;
        if (Ended is not null)
        {
            _child.Kill();
        }
    }

    private double? Cpu()
    {
        try
        {
            _child.Refresh();
            return _child.HasExited ? null : _child.TotalProcessorTime.TotalSeconds;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
