using System.Diagnostics;
using System.Text.Json;
using TokenFactory.Core;
using TokenFactory.Measurement.Load;

namespace TokenFactory.Measurement.Records;

/// <summary>Writes every request of one or several runs as a line of JSON.</summary>
/// <remarks>
/// Lines go to a file beside the target's path and take its name when the writer is disposed, also after a run that was stopped: the target is
/// whole or not there. A disk that fills up ends the recording, not the run: <see cref="Failure"/> says so. Thread-safe.
/// </remarks>
public sealed class RecordWriter : IDisposable
{
    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly string _partial;
    private readonly FileStream _stream;
    private readonly Utf8JsonWriter _json;
    private long _origin;
    private bool _open;
    private bool _any;

    /// <summary>Creates the file.</summary>
    /// <param name="path">Full path; what is there is replaced when the recording is whole and has a run.</param>
    /// <exception cref="TokenFactoryException"><c>RecordPathNotWritable</c>.</exception>
    public RecordWriter(string path)
    {
        _path = path;
        _partial = path + RecordFormat.PartialSuffix;
        try
        {
            _stream = new FileStream(_partial, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 17);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TokenFactoryException("RecordPathNotWritable", FailureKind.PermissionDenied,
                $"'{path}' can't be written: {e.Message} Give a path in an existing folder that you may write to.", path, e);
        }

        _json = new Utf8JsonWriter(_stream, new JsonWriterOptions { SkipValidation = true });
    }

    /// <summary>Why the recording is not whole; null when it is.</summary>
    public TokenFactoryException? Failure { get; private set; }

    /// <summary>Begins a run.</summary>
    /// <param name="run">What is known of it.</param>
    /// <param name="originTimestamp">Its start in <see cref="Stopwatch"/> ticks: times count from it.</param>
    public void Begin(RunDescription run, long originTimestamp)
    {
        ArgumentNullException.ThrowIfNull(run);
        _origin = originTimestamp;
        Line(json =>
        {
            json.WriteString("type", "run");
            json.WriteString("format", RecordFormat.Name);
            json.WriteNumber("version", RecordFormat.Version);
            json.WriteString("startedAt", run.StartedAt);
            json.WriteString("model", run.Model);
            Text(json, "provider", run.Provider);
            json.WriteString("api", run.Api);
            json.WriteString("load", run.Load);
            Number(json, "concurrency", run.Concurrency);
            Number(json, "requestedRate", run.RequestedRate);
            json.WriteNumber("repeat", run.Repeat);
            json.WriteNumber("accelerators", run.Accelerators);
            Text(json, "precision", run.Precision);
            json.WriteBoolean("randomWeights", run.RandomWeights);
        });
        _open = _any = true;
    }

    /// <summary>Writes a request that ended.</summary>
    /// <param name="trace">The request.</param>
    public void Write(RequestTrace trace)
    {
        ArgumentNullException.ThrowIfNull(trace);
        Line(json =>
        {
            json.WriteString("type", "request");
            json.WriteNumber("index", trace.Index);
            if (trace.Session >= 0)
            {
                json.WriteNumber("session", trace.Session);
                json.WriteNumber("turn", trace.Turn);
            }

            if (trace.DueTimestamp != 0)
            {
                json.WriteNumber("due", Seconds(_origin, trace.DueTimestamp));
            }

            json.WriteNumber("sent", Seconds(_origin, trace.SentTimestamp));
            json.WriteNumber("end", Seconds(_origin, trace.EndTimestamp));
            json.WriteStartArray("fragments");
            foreach (long fragment in trace.Fragments)
            {
                json.WriteNumberValue(Seconds(trace.SentTimestamp, fragment));
            }

            json.WriteEndArray();
            Number(json, "inputTokens", trace.InputTokens);
            Number(json, "cachedTokens", trace.CachedTokens);
            Number(json, "outputTokens", trace.OutputTokens);
            Number(json, "clientTokens", trace.ClientTokens);
            Text(json, "finish", trace.FinishReason);
            if (trace.Failure is { } failure)
            {
                json.WriteStartObject("failure");
                json.WriteString("reason", failure.Reason.ToString());
                json.WriteString("message", failure.Message);
                Number(json, "status", failure.Status);
                json.WriteEndObject();
            }
        });
    }

    /// <summary>Ends a run.</summary>
    /// <param name="ending">What is known of it only now.</param>
    public void End(RunEnding ending)
    {
        ArgumentNullException.ThrowIfNull(ending);
        Line(json =>
        {
            json.WriteString("type", "end");
            json.WriteBoolean("completed", ending.Completed);
            json.WriteNumber("unfinished", ending.Unfinished);
            Number(json, "energyJoules", ending.EnergyJoules);
            Text(json, "energyScope", ending.EnergyScope);
            Text(json, "energyUnavailable", ending.EnergyUnavailable);
            Text(json, "clientLimit", ending.ClientLimit);
            Summary(json, "clientLag", ending.ClientLag);
            Summary(json, "readingLag", ending.ReadingLag);
        });
        _open = false;
    }

    /// <summary>Closes the file and gives it its name.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (!_stream.CanWrite)
            {
                return;
            }

            try
            {
                if (_open && Failure is null)
                {
                    End(new RunEnding { Completed = false });
                }

                _json.Dispose();
                _stream.Dispose();
                if (Failure is null && _any)
                {
                    File.Move(_partial, _path, overwrite: true);
                }
                else
                {
                    File.Delete(_partial);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Failed(e);
            }
        }
    }

    private void Line(Action<Utf8JsonWriter> write)
    {
        lock (_lock)
        {
            if (Failure is not null || !_stream.CanWrite)
            {
                return;
            }

            try
            {
                _json.Reset();
                _json.WriteStartObject();
                write(_json);
                _json.WriteEndObject();
                _json.Flush();
                _stream.WriteByte((byte)'\n');
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Failed(e);
            }
        }
    }

    private void Failed(Exception e) => Failure = new TokenFactoryException("RecordingFailed", FailureKind.ResourceUnavailable,
        $"The records could not be written to '{_path}': {e.Message} The measurement itself went on; free space and measure again to have them.", _path, e);

    private static void Number(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private static void Number(Utf8JsonWriter json, string name, int? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private static void Summary(Utf8JsonWriter json, string name, LatencySummary summary)
    {
        json.WriteStartObject(name);
        json.WriteNumber("count", summary.Count);
        json.WriteString("method", summary.Method);
        Number(json, "mean", summary.Mean);
        Number(json, "minimum", summary.Minimum);
        Number(json, "p50", summary.P50);
        Number(json, "p90", summary.P90);
        Number(json, "p95", summary.P95);
        Number(json, "p99", summary.P99);
        Number(json, "maximum", summary.Maximum);
        json.WriteEndObject();
    }

    private static void Text(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static decimal Seconds(long from, long to) => Math.Round((decimal)(to - from) / Stopwatch.Frequency, 7);
}
