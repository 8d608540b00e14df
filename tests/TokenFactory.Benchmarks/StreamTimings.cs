using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace TokenFactory.Benchmarks;

/// <summary>What a server itself knows of the streams that it sent.</summary>
internal sealed class StreamTimings
{
    private const int Most = 200_000;

    private readonly ConcurrentQueue<(double Ttft, double Tpot)> _served = new();

    /// <summary>Notes a stream.</summary>
    /// <param name="arrived">When its request had arrived.</param>
    /// <param name="firstAt">When its first fragment was handed to the system.</param>
    /// <param name="lastAt">The same of its last.</param>
    /// <param name="tokens">Its fragments.</param>
    public void Add(long arrived, long firstAt, long lastAt, int tokens)
    {
        if (_served.Count < Most)
        {
            _served.Enqueue((Stopwatch.GetElapsedTime(arrived, firstAt).TotalSeconds, Stopwatch.GetElapsedTime(firstAt, lastAt).TotalSeconds / Math.Max(1, tokens - 1)));
        }
    }

    /// <summary>All that was noted since the last call, as JSON.</summary>
    public byte[] Take()
    {
        (double Ttft, double Tpot)[] served = [.. _served];
        _served.Clear();
        return JsonSerializer.SerializeToUtf8Bytes(new { ttft = served.Select(s => s.Ttft), tpot = served.Select(s => s.Tpot) });
    }
}
