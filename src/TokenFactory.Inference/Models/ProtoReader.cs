using System.Buffers.Binary;
using System.Text;

namespace TokenFactory.Inference.Models;

/// <summary>Reads protobuf's wire format from a seekable stream and skips what is not asked for without reading it.</summary>
/// <remarks>
/// Safe on hostile input: lengths are checked against the enclosing message before anything is allocated, and all that is kept counts
/// against one budget. Source: protobuf.dev, "Encoding". Malformed input throws <see cref="InvalidDataException"/>.
/// </remarks>
internal sealed class ProtoReader
{
    private const int MaximumText = 1 << 16;

    private readonly Stream _stream;
    private readonly byte[] _buffer = new byte[1 << 16];
    private long _bufferStart;
    private int _buffered;
    private long _position;
    private long _end;
    private long _budget;
    private int _wireType;

    /// <summary>Creates a reader of a whole stream.</summary>
    /// <param name="stream">The stream, at its start.</param>
    /// <param name="budgetBytes">Bytes of text and data that may be kept in total.</param>
    public ProtoReader(Stream stream, long budgetBytes)
    {
        _stream = stream;
        _end = stream.Length;
        _budget = budgetBytes;
    }

    /// <summary>Position in the stream.</summary>
    public long Position => _position;

    /// <summary>The next field of the current message; 0 at its end.</summary>
    public int Next()
    {
        if (_position >= _end)
        {
            return 0;
        }

        ulong tag = Varint();
        _wireType = (int)(tag & 7);
        ulong field = tag >> 3;
        return field is > 0 and <= 536870911 ? (int)field : throw Malformed("a field has no valid number");
    }

    /// <summary>The value of a varint field.</summary>
    public long Int() => _wireType == 0 ? (long)Varint() : throw Malformed("a number has the wrong wire type");

    /// <summary>The value of a 32-bit float field.</summary>
    public float Float()
    {
        Require(5);
        Span<byte> bytes = stackalloc byte[4];
        Fill(bytes);
        return BinaryPrimitives.ReadSingleLittleEndian(bytes);
    }

    /// <summary>The value of a text field.</summary>
    public string Text()
    {
        byte[] bytes = Bytes(MaximumText);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>The bytes of a length-delimited field.</summary>
    /// <param name="maximum">Most bytes that are taken.</param>
    public byte[] Bytes(int maximum)
    {
        Require(2);
        long length = Length();
        if (length > maximum)
        {
            throw Malformed($"a text of {length} bytes is longer than {maximum}");
        }

        Charge(length);
        byte[] bytes = new byte[length];
        Fill(bytes);
        return bytes;
    }

    /// <summary>The bytes of a length-delimited field when they are few; null, with the field passed over, when they are more.</summary>
    /// <param name="maximum">Most bytes that are taken.</param>
    /// <param name="length">Bytes of the field.</param>
    public byte[]? BytesIfFew(int maximum, out long length)
    {
        Require(2);
        length = Length();
        if (length > maximum)
        {
            _position += length;
            return null;
        }

        Charge(length);
        byte[] bytes = new byte[length];
        Fill(bytes);
        return bytes;
    }

    /// <summary>Text when it is short; empty, with the field passed over, when it is long.</summary>
    public string TextIfShort() => BytesIfFew(MaximumText, out _) is byte[] bytes ? Encoding.UTF8.GetString(bytes) : "";

    /// <summary>Numbers of a repeated varint field, packed or not.</summary>
    public void Ints(List<long> values, int maximum)
    {
        if (_wireType == 0)
        {
            Keep(values, Int(), maximum);
            return;
        }

        long outer = Enter();
        while (_position < _end)
        {
            Keep(values, (long)Varint(), maximum);
        }

        Leave(outer);
    }

    /// <summary>Floats of a repeated field, packed or not.</summary>
    public void Floats(List<float> values, int maximum)
    {
        if (_wireType == 5)
        {
            Keep(values, Float(), maximum);
            return;
        }

        long outer = Enter();
        while (_position < _end)
        {
            _wireType = 5;
            Keep(values, Float(), maximum);
        }

        Leave(outer);
    }

    /// <summary>Enters a message field; what it returns goes to <see cref="Leave"/>.</summary>
    public long Enter()
    {
        Require(2);
        long length = Length();
        long outer = _end;
        _end = _position + length;
        return outer;
    }

    /// <summary>Leaves a message.</summary>
    public void Leave(long outer)
    {
        _position = _end;
        _end = outer;
    }

    /// <summary>Passes over the current field and returns the bytes of its content.</summary>
    public long Skip()
    {
        long start = _position;
        switch (_wireType)
        {
            case 0:
                Varint();
                return _position - start;
            case 1:
                Advance(8);
                return 8;
            case 2:
                long length = Length();
                _position += length;
                return length;
            case 5:
                Advance(4);
                return 4;
            default:
                throw Malformed("a field has an unknown wire type");
        }
    }

    /// <summary>Counts memory against the budget.</summary>
    public void Charge(long bytes)
    {
        _budget -= bytes + 32;
        if (_budget < 0)
        {
            throw Malformed("the graph describes more than any model needs");
        }
    }

    /// <summary>The failure of a malformed file.</summary>
    public InvalidDataException Malformed(string problem) => new($"{problem} (at byte {_position})");

    private void Keep<T>(List<T> values, T value, int maximum)
    {
        if (values.Count >= maximum)
        {
            throw Malformed($"a list has more than {maximum} entries");
        }

        Charge(0);
        values.Add(value);
    }

    private void Require(int wireType)
    {
        if (_wireType != wireType)
        {
            throw Malformed("a field has the wrong wire type");
        }
    }

    private long Length()
    {
        ulong length = Varint();
        return length <= (ulong)(_end - _position) ? (long)length : throw Malformed("a length reaches beyond the end");
    }

    private void Advance(int count)
    {
        if (_end - _position < count)
        {
            throw Malformed("the file ends in the middle of a value");
        }

        _position += count;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            if (_position >= _end)
            {
                throw Malformed("the file ends in the middle of a value");
            }

            byte b = Byte();
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw Malformed("a number has more than ten bytes");
    }

    private byte Byte()
    {
        long offset = _position - _bufferStart;
        if (offset < 0 || offset >= _buffered)
        {
            Refill();
            offset = 0;
        }

        _position++;
        return _buffer[offset];
    }

    private void Fill(Span<byte> bytes)
    {
        if (_end - _position < bytes.Length)
        {
            throw Malformed("the file ends in the middle of a value");
        }

        while (bytes.Length > 0)
        {
            long offset = _position - _bufferStart;
            if (offset < 0 || offset >= _buffered)
            {
                Refill();
                offset = 0;
            }

            int count = Math.Min(bytes.Length, _buffered - (int)offset);
            _buffer.AsSpan((int)offset, count).CopyTo(bytes);
            bytes = bytes[count..];
            _position += count;
        }
    }

    private void Refill()
    {
        _stream.Position = _position;
        _bufferStart = _position;
        _buffered = _stream.Read(_buffer);
        if (_buffered == 0)
        {
            throw Malformed("the file became shorter while it was read");
        }
    }
}
