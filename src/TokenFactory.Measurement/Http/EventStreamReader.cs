using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using TokenFactory.Measurement.Load;

namespace TokenFactory.Measurement.Http;

/// <summary>Follows a stream of server-sent events to its end.</summary>
/// <remarks>
/// WHATWG HTML, section 9.2 (server-sent events): lines end with LF, CR or CRLF, an empty line ends an event, comments begin with a colon. Two
/// liberties that real servers need: an event at the end of the stream counts without its empty line, and a <c>data</c> line that begins a JSON
/// object ends the one before it. An event named <c>error</c> is one also when its message is a comment, as Dynamo's front end writes it; events of other
/// names whose data is no object are servers' own notes. Every event has the time at which the read that completed its line returned. One buffer, rented, grows to the
/// longest event.
/// </remarks>
internal sealed class EventStreamReader : IDisposable
{
    private const int LongestEvent = 32 << 20;
    private const int LongestComment = 1000;

    private readonly RequestTrace _trace;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(8192);
    private byte[]? _event;
    private int _eventLength;
    private int _length;
    private int _scanned;
    private bool _afterCarriageReturn;
    private bool _first = true;
    private bool _errorEvent;
    private bool _namedEvent;
    private string? _errorComment;
    private bool _lent;

    public EventStreamReader(RequestTrace trace) => _trace = trace;

    /// <summary>True when the end mark <c>[DONE]</c> has come.</summary>
    public bool Done { get; private set; }

    /// <summary>Reads to the end mark or to the end of the stream.</summary>
    /// <exception cref="JsonException">An event is not what the protocol says.</exception>
    public async ValueTask ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        while (!Done && _trace.Failure is null)
        {
            if (_length == _buffer.Length)
            {
                Grow();
            }

            int read = await stream.ReadAsync(_buffer.AsMemory(_length), cancellationToken).ConfigureAwait(false);
            long now = Stopwatch.GetTimestamp();
            if (read == 0)
            {
                Finish(now);
                _trace.MarkEnded(now);
                return;
            }

            _length += read;
            Lines(now);
            if (Done || _trace.Failure is not null)
            {
                _trace.MarkEnded(now);
            }
        }
    }

    /// <summary>Reads what the server still sends after its end mark, so that the connection can be used again.</summary>
    public async ValueTask DrainAsync(Stream stream, CancellationToken cancellationToken)
    {
        for (int i = 0; i < 4; i++)
        {
            // Until the read is over, the buffer is the stream's and must not go back to the pool.
            _lent = true;
            ValueTask<int> reading = stream.ReadAsync(_buffer, cancellationToken);
            int read = reading.IsCompleted
                ? await reading.ConfigureAwait(false)
                : await reading.AsTask().WaitAsync(TimeSpan.FromSeconds(1), cancellationToken).ConfigureAwait(false);
            _lent = false;
            if (read == 0)
            {
                return;
            }
        }
    }

    public void Dispose()
    {
        if (!_lent)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        if (_event is not null)
        {
            ArrayPool<byte>.Shared.Return(_event);
        }
    }

    private void Lines(long now)
    {
        int start = 0;
        Span<byte> all = _buffer.AsSpan(0, _length);
        if (_first && _length >= 3)
        {
            _first = false;
            if (all.StartsWith("\uFEFF"u8))
            {
                start = _scanned = 3;
            }
        }

        while (_scanned < _length)
        {
            int at = all[_scanned..].IndexOfAny((byte)'\n', (byte)'\r');
            if (at < 0)
            {
                _scanned = _length;
                break;
            }

            int end = _scanned + at;
            bool lineFeedOfPair = _afterCarriageReturn && all[end] == '\n' && end == start;
            _afterCarriageReturn = all[end] == '\r';
            _scanned = end + 1;
            if (!lineFeedOfPair)
            {
                Line(all[start..end], now);
                if (Done || _trace.Failure is not null)
                {
                    return;
                }
            }

            start = end + 1;
        }

        all[start..].CopyTo(_buffer);
        _length -= start;
        _scanned -= start;
    }

    private void Line(ReadOnlySpan<byte> line, long now)
    {
        if (line.IsEmpty)
        {
            EndEvent(now);
            return;
        }

        if (line.StartsWith("data:"u8))
        {
            Data(Value(line[5..]), now);
        }
        else if (line.StartsWith("event:"u8))
        {
            ReadOnlySpan<byte> name = Value(line[6..]);
            _errorEvent = name.SequenceEqual("error"u8);
            _namedEvent = !_errorEvent && !name.SequenceEqual("message"u8);
        }
        else if (line.StartsWith("error:"u8))
        {
            // llama.cpp's server names the field so when generation fails midway.
            Dispatch(now);
            _errorEvent = true;
            Data(Value(line[6..]), now);
        }
        else if (line[0] == '{')
        {
            // An error that a proxy or a server wrote into the stream without any framing.
            Dispatch(now);
            ServerEvent.Read(line, now, isError: true, _trace);
        }
        else if (line[0] == ':' && _errorEvent)
        {
            _errorComment = Encoding.UTF8.GetString(Value(line[1..Math.Min(line.Length, LongestComment)]));
        }
    }

    private void EndEvent(long now)
    {
        if (_errorEvent && _eventLength == 0 && !Done)
        {
            _trace.Failure ??= new RequestFailure(FailureReason.StreamError, _errorComment ?? "The server sent an error event without a message.");
        }

        Dispatch(now);
        _errorEvent = _namedEvent = false;
        _errorComment = null;
    }

    private void Data(ReadOnlySpan<byte> value, long now)
    {
        if (_eventLength > 0)
        {
            if (_event![_eventLength - 1] == '}' && (value.StartsWith("{"u8) || value.StartsWith("[DONE]"u8)))
            {
                Dispatch(now);
            }
            else
            {
                Append("\n"u8);
            }
        }

        Append(value);
    }

    private void Append(ReadOnlySpan<byte> value)
    {
        int needed = _eventLength + value.Length;
        if (_event is null || _event.Length < needed)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(2048, needed));
            _event.AsSpan(0, _eventLength).CopyTo(larger);
            if (_event is not null)
            {
                ArrayPool<byte>.Shared.Return(_event);
            }

            _event = larger;
        }

        value.CopyTo(_event.AsSpan(_eventLength));
        _eventLength = needed;
    }

    private void Dispatch(long now)
    {
        if (_eventLength == 0)
        {
            return;
        }

        ReadOnlySpan<byte> data = _event.AsSpan(0, _eventLength);
        _eventLength = 0;
        if (data.Trim((byte)' ').SequenceEqual("[DONE]"u8))
        {
            Done = true;
        }
        else if (_trace.Failure is null && (!_namedEvent || data.TrimStart((byte)' ').StartsWith("{"u8)))
        {
            ServerEvent.Read(data, now, _errorEvent, _trace);
        }
    }

    private void Finish(long now)
    {
        if (_length > 0)
        {
            Line(_buffer.AsSpan(0, _length), now);
            _length = 0;
        }

        if (_trace.Failure is null && !Done)
        {
            EndEvent(now);
        }
    }

    private static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> field) => field.StartsWith(" "u8) ? field[1..] : field;

    private void Grow()
    {
        if (_buffer.Length >= LongestEvent)
        {
            throw new JsonException("An event is longer than 32 MiB.");
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
