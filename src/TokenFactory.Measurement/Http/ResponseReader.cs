using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Text;
using TokenFactory.Measurement.Load;

namespace TokenFactory.Measurement.Http;

/// <summary>Takes the bytes of an HTTP/1.1 answer as they come and gives the events of its body to a parser.</summary>
/// <remarks>
/// RFC 9112: interim answers are skipped; the body is chunked, of a known length, or all up to the connection's end; trailers are skipped. Used again for
/// answer after answer; allocates for failures only.
/// </remarks>
internal sealed class ResponseReader
{
    private const int LongestHead = 64 << 10;
    private const int LongestKept = 4096;

    private readonly EventStreamParser _parser = new();
    private byte[] _partial = new byte[256];
    private byte[] _kept = [];
    private Part _part;
    private int _partialLength;
    private int _keptLength;
    private int _headLength;
    private long _left;
    private bool _chunked;
    private bool _head10;
    private bool _keepAlive;

    private enum Part
    {
        StatusLine,
        Header,
        Sized,
        UntilClose,
        ChunkSize,
        Chunk,
        ChunkEnd,
        Trailer,
        Ended,
    }

    /// <summary>The status; 0 before it came.</summary>
    public int Status { get; private set; }

    /// <summary>The words beside the status, of answers without success.</summary>
    public string Reason { get; private set; } = "";

    /// <summary>When the server wants to be asked again; null when it did not say.</summary>
    public RetryConditionHeaderValue? RetryAfter { get; private set; }

    /// <summary>True when the head has come.</summary>
    public bool HasHead => _part > Part.Header;

    /// <summary>Type of a body that is no stream of events though the answer says success; null otherwise.</summary>
    public string? OtherType { get; private set; }

    /// <summary>True when all of the answer has come.</summary>
    public bool Ended => _part == Part.Ended;

    /// <summary>True when the events' end mark has come.</summary>
    public bool Done => _parser.Done;

    /// <summary>True when the next request may go over the same connection.</summary>
    public bool KeepAlive => Ended && _keepAlive;

    /// <summary>The first 4 KiB of a body that is no stream of events.</summary>
    public ReadOnlySpan<byte> Body => _kept.AsSpan(0, _keptLength);

    /// <summary>True when nothing that may still come changes what is measured.</summary>
    public bool Settled => Ended || (HasHead && (IsStream ? _parser.Settled : _keptLength == LongestKept));

    private bool IsSuccess => Status is >= 200 and < 300;

    private bool IsStream => IsSuccess && OtherType is null;

    /// <summary>Begins an answer.</summary>
    /// <param name="trace">Gets what its events say.</param>
    public void Begin(RequestTrace trace)
    {
        _parser.Begin(trace);
        _part = Part.StatusLine;
        _partialLength = _keptLength = _headLength = 0;
        Status = 0;
        Reason = "";
        OtherType = null;
        RetryAfter = null;
    }

    /// <summary>Takes a piece of the answer.</summary>
    /// <param name="bytes">The piece.</param>
    /// <param name="now">When the read that brought it returned.</param>
    /// <exception cref="InvalidDataException">It is not HTTP/1.1.</exception>
    /// <exception cref="System.Text.Json.JsonException">An event is not what the protocol says.</exception>
    public void Feed(ReadOnlySpan<byte> bytes, long now)
    {
        while (!bytes.IsEmpty)
        {
            switch (_part)
            {
                case Part.Sized or Part.Chunk:
                    int length = (int)Math.Min(_left, bytes.Length);
                    _left -= length;
                    Content(bytes[..length], now);
                    bytes = bytes[length..];
                    _part = _left > 0 ? _part : _part == Part.Chunk ? Part.ChunkEnd : End(now);
                    break;
                case Part.UntilClose:
                    Content(bytes, now);
                    return;
                case Part.Ended:
                    _keepAlive = false;
                    return;
                default:
                    if (!TryLine(ref bytes, out ReadOnlySpan<byte> line))
                    {
                        return;
                    }

                    _part = Line(line, now);
                    _partialLength = 0;
                    break;
            }
        }
    }

    /// <summary>The connection has ended; false when the answer was not over.</summary>
    /// <param name="now">When that was seen.</param>
    public bool Close(long now)
    {
        if (_part == Part.UntilClose)
        {
            _part = End(now);
        }

        return Ended;
    }

    private Part Line(ReadOnlySpan<byte> line, long now)
    {
        switch (_part)
        {
            case Part.StatusLine:
                return StatusLine(line);
            case Part.Header when line.IsEmpty:
                return BodyBegins(now);
            case Part.Header:
                Header(line);
                return Part.Header;
            case Part.ChunkSize:
                if (!Utf8Parser.TryParse(line, out _left, out int digits, 'x') || _left < 0 || (digits < line.Length && line[digits] is not ((byte)';' or (byte)' ' or (byte)'\t')))
                {
                    throw new InvalidDataException("A chunk has no size.");
                }

                _headLength = 0;
                return _left == 0 ? Part.Trailer : Part.Chunk;
            case Part.ChunkEnd:
                return line.IsEmpty ? Part.ChunkSize : throw new InvalidDataException("A chunk is longer than its size.");
            default:
                return line.IsEmpty ? End(now) : Part.Trailer;
        }
    }

    private Part StatusLine(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith("HTTP/1."u8) || line.Length < 12 || line[8] != ' ' || !Utf8Parser.TryParse(line.Slice(9, 3), out int status, out int digits) || digits != 3)
        {
            throw new InvalidDataException("The answer does not begin as HTTP/1.1 does.");
        }

        Status = status;
        Reason = IsSuccess ? "" : Encoding.Latin1.GetString(line[12..]).Trim();
        _head10 = line[7] == '0';
        _keepAlive = !_head10;
        _chunked = false;
        _left = -1;
        return Part.Header;
    }

    private void Header(ReadOnlySpan<byte> line)
    {
        int colon = line.IndexOf((byte)':');
        if (colon <= 0)
        {
            throw new InvalidDataException("A header has no name.");
        }

        ReadOnlySpan<byte> name = line[..colon];
        ReadOnlySpan<byte> value = line[(colon + 1)..].Trim(" \t"u8);
        if (Ascii.EqualsIgnoreCase(name, "content-type"u8))
        {
            int end = value.IndexOf((byte)';');
            ReadOnlySpan<byte> type = end < 0 ? value : value[..end].TrimEnd((byte)' ');
            OtherType = Ascii.EqualsIgnoreCase(type, "application/json"u8) ? "application/json" : Ascii.EqualsIgnoreCase(type, "text/html"u8) ? "text/html" : null;
        }
        else if (Ascii.EqualsIgnoreCase(name, "transfer-encoding"u8))
        {
            _chunked = Ascii.EqualsIgnoreCase(value, "chunked"u8)
                ? true
                : throw new InvalidDataException($"The answer's transfer encoding '{Encoding.Latin1.GetString(value)}' was not asked for.");
        }
        else if (Ascii.EqualsIgnoreCase(name, "content-length"u8))
        {
            if (!Utf8Parser.TryParse(value, out _left, out int digits) || digits != value.Length || _left < 0)
            {
                throw new InvalidDataException("The answer's length is no number.");
            }
        }
        else if (Ascii.EqualsIgnoreCase(name, "retry-after"u8))
        {
            RetryAfter = RetryConditionHeaderValue.TryParse(Encoding.Latin1.GetString(value), out RetryConditionHeaderValue? when) ? when : null;
        }
        else if (Ascii.EqualsIgnoreCase(name, "connection"u8))
        {
            foreach (Range range in value.Split((byte)','))
            {
                ReadOnlySpan<byte> option = value[range].Trim(" \t"u8);
                _keepAlive = (_keepAlive || (_head10 && Ascii.EqualsIgnoreCase(option, "keep-alive"u8))) && !Ascii.EqualsIgnoreCase(option, "close"u8);
            }
        }
    }

    private Part BodyBegins(long now)
    {
        _headLength = 0;
        if (Status < 200)
        {
            OtherType = null;
            return Part.StatusLine;
        }

        OtherType = IsSuccess ? OtherType : null;
        if (Status is 204 or 304)
        {
            return End(now);
        }

        return _chunked ? Part.ChunkSize : _left == 0 ? End(now) : _left > 0 ? Part.Sized : Part.UntilClose;
    }

    private void Content(ReadOnlySpan<byte> bytes, long now)
    {
        if (IsStream)
        {
            _parser.Feed(bytes, now);
            return;
        }

        if (_kept.Length == 0)
        {
            _kept = new byte[LongestKept];
        }

        int length = Math.Min(bytes.Length, LongestKept - _keptLength);
        bytes[..length].CopyTo(_kept.AsSpan(_keptLength));
        _keptLength += length;
    }

    private Part End(long now)
    {
        if (IsStream)
        {
            _parser.End(now);
        }

        _keepAlive &= _part != Part.UntilClose;
        return Part.Ended;
    }

    private bool TryLine(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> line)
    {
        int end = bytes.IndexOf((byte)'\n');
        ReadOnlySpan<byte> piece = end < 0 ? bytes : bytes[..end];
        bytes = end < 0 ? [] : bytes[(end + 1)..];
        _headLength += piece.Length + 1;
        if (_headLength > LongestHead)
        {
            throw new InvalidDataException("The answer's head is longer than 64 KiB.");
        }

        if (end >= 0 && _partialLength == 0)
        {
            line = piece;
        }
        else
        {
            if (_partialLength + piece.Length > _partial.Length)
            {
                Array.Resize(ref _partial, Math.Max(_partialLength + piece.Length, _partial.Length * 2));
            }

            piece.CopyTo(_partial.AsSpan(_partialLength));
            _partialLength += piece.Length;
            line = _partial.AsSpan(0, _partialLength);
        }

        line = line is [.., (byte)'\r'] && end >= 0 ? line[..^1] : line;
        return end >= 0;
    }
}
