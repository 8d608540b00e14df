using System.Text;
using System.Text.Json;
using TokenFactory.Measurement.Load;

namespace TokenFactory.Measurement.Http;

/// <summary>Takes the bytes of a stream of server-sent events as they come and notes in a trace what they say.</summary>
/// <remarks>
/// WHATWG HTML, section 9.2 (server-sent events): lines end with LF, CR or CRLF, an empty line ends an event, comments begin with a colon. Two
/// liberties that real servers need: an event at the end of the stream counts without its empty line, and a <c>data</c> line that begins a JSON
/// object ends the one before it. An event named <c>error</c> is one also when its message is a comment, as Dynamo's front end writes it; events of other
/// names whose data is no object are servers' own notes. Every event has the time of the bytes that completed its line. Used again for stream after stream: what does
/// not end within one piece is kept in buffers that grow to the longest event, so nothing is allocated for a fragment.
/// </remarks>
internal sealed class EventStreamParser
{
    private const int LongestEvent = 32 << 20;
    private const int LongestComment = 1000;
    private const int LargestKept = 64 << 10;

    private RequestTrace _trace = null!;
    private byte[] _partial = [];
    private byte[] _event = new byte[512];
    private int _partialLength;
    private int _eventLength;
    private bool _afterCarriageReturn;
    private bool _first;
    private bool _errorEvent;
    private bool _namedEvent;
    private string? _errorComment;

    /// <summary>True when the end mark <c>[DONE]</c> has come.</summary>
    public bool Done { get; private set; }

    /// <summary>True when nothing that may still come matters: the end mark or a failure is there.</summary>
    public bool Settled => Done || _trace.Failure is not null;

    /// <summary>Begins a stream.</summary>
    /// <param name="trace">Gets what it says.</param>
    public void Begin(RequestTrace trace)
    {
        _trace = trace;
        _partialLength = _eventLength = 0;
        _afterCarriageReturn = _errorEvent = _namedEvent = Done = false;
        _errorComment = null;
        _first = true;
        _partial = _partial.Length > LargestKept ? [] : _partial;
        _event = _event.Length > LargestKept ? new byte[512] : _event;
    }

    /// <summary>Takes a piece.</summary>
    /// <param name="bytes">The piece.</param>
    /// <param name="now">When the read that brought it returned.</param>
    /// <exception cref="JsonException">An event is not what the protocol says.</exception>
    public void Feed(ReadOnlySpan<byte> bytes, long now)
    {
        while (!bytes.IsEmpty && !Settled)
        {
            if (_afterCarriageReturn)
            {
                _afterCarriageReturn = false;
                if (bytes[0] == '\n')
                {
                    bytes = bytes[1..];
                    continue;
                }
            }

            int end = bytes.IndexOfAny((byte)'\n', (byte)'\r');
            if (end < 0)
            {
                Append(ref _partial, ref _partialLength, bytes);
                return;
            }

            ReadOnlySpan<byte> line = bytes[..end];
            if (_partialLength > 0)
            {
                Append(ref _partial, ref _partialLength, line);
                line = _partial.AsSpan(0, _partialLength);
                _partialLength = 0;
            }

            _afterCarriageReturn = bytes[end] == '\r';
            bytes = bytes[(end + 1)..];
            Line(line, now);
        }
    }

    /// <summary>The stream has ended.</summary>
    /// <param name="now">When that was seen.</param>
    /// <exception cref="JsonException">The last event is not what the protocol says.</exception>
    public void End(long now)
    {
        if (_partialLength > 0 && !Settled)
        {
            int length = _partialLength;
            _partialLength = 0;
            Line(_partial.AsSpan(0, length), now);
        }

        if (!Settled)
        {
            EndEvent(now);
        }
    }

    private void Line(ReadOnlySpan<byte> line, long now)
    {
        if (_first)
        {
            _first = false;
            line = line.StartsWith("\uFEFF"u8) ? line[3..] : line;
        }

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
            if (_event[_eventLength - 1] == '}' && (value.StartsWith("{"u8) || value.StartsWith("[DONE]"u8)))
            {
                Dispatch(now);
            }
            else
            {
                Append(ref _event, ref _eventLength, "\n"u8);
            }
        }

        Append(ref _event, ref _eventLength, value);
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

    private static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> field) => field.StartsWith(" "u8) ? field[1..] : field;

    private static void Append(ref byte[] buffer, ref int length, ReadOnlySpan<byte> bytes)
    {
        int needed = length + bytes.Length;
        if (needed > LongestEvent)
        {
            throw new JsonException("An event is longer than 32 MiB.");
        }

        if (needed > buffer.Length)
        {
            Array.Resize(ref buffer, Math.Max(Math.Max(512, needed), buffer.Length * 2));
        }

        bytes.CopyTo(buffer.AsSpan(length));
        length = needed;
    }
}
