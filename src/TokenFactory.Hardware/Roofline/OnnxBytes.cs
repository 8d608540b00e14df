using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace TokenFactory.Hardware.Roofline;

/// <summary>Writes protocol buffers messages as ONNX files need them (onnx.proto): numbers, text and nested messages by field number.</summary>
internal sealed class OnnxBytes
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    public OnnxBytes Number(int field, long value)
    {
        Varint((uint)field << 3);
        Varint((ulong)value);
        return this;
    }

    public OnnxBytes Float(int field, float value)
    {
        Varint(((uint)field << 3) | 5);
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        _buffer.Write(bytes);
        return this;
    }

    public OnnxBytes Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public OnnxBytes Bytes(int field, ReadOnlySpan<byte> value)
    {
        Varint(((uint)field << 3) | 2);
        Varint((ulong)value.Length);
        _buffer.Write(value);
        return this;
    }

    public OnnxBytes Message(int field, OnnxBytes message) => Bytes(field, message._buffer.WrittenSpan);

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            Byte((byte)(value | 0x80));
            value >>= 7;
        }

        Byte((byte)value);
    }

    private void Byte(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
    }
}
