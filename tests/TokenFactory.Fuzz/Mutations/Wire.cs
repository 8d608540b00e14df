namespace TokenFactory.Fuzz;

/// <summary>A field of a protobuf message. Copies share nothing: a message put into itself would never end.</summary>
/// <param name="Number">The field's number.</param>
/// <param name="WireType">0, 2 or 5.</param>
/// <param name="Value">A varint's value.</param>
/// <param name="Bytes">The bytes of a text, of data or of a float.</param>
/// <param name="Children">The fields of a message.</param>
public sealed record WireField(int Number, int WireType, ulong Value, byte[]? Bytes, List<WireField>? Children)
{
    /// <summary>A varint field.</summary>
    public static WireField Of(int number, long value) => new(number, 0, unchecked((ulong)value), null, null);

    /// <summary>A text field.</summary>
    public static WireField Of(int number, string text) => new(number, 2, 0, System.Text.Encoding.UTF8.GetBytes(text), null);

    /// <summary>A field of bytes.</summary>
    public static WireField Of(int number, byte[] bytes) => new(number, 2, 0, bytes, null);

    /// <summary>A message.</summary>
    public static WireField Of(int number, params IEnumerable<WireField> children) => new(number, 2, 0, null, [.. children]);

    /// <summary>A text field's text.</summary>
    public string Text => Bytes is null ? "" : System.Text.Encoding.UTF8.GetString(Bytes);

    /// <summary>A deep copy.</summary>
    public WireField Copy() => this with { Children = Children is null ? null : [.. Children.Select(c => c.Copy())] };
}

/// <summary>Reads and writes ONNX files as trees of fields; all lengths fit what is written.</summary>
public static class Wire
{
    // Message-typed fields by the kind of message, as onnx.proto has them.
    private static readonly Dictionary<string, Dictionary<int, string>> s_messages = new()
    {
        ["Model"] = new() { [7] = "Graph", [8] = "Entry", [14] = "Entry" },
        ["Graph"] = new() { [1] = "Node", [5] = "Tensor", [11] = "Value", [12] = "Value" },
        ["Node"] = new() { [5] = "Attribute" },
        ["Attribute"] = new() { [5] = "Tensor", [6] = "Graph" },
        ["Tensor"] = new() { [13] = "Entry" },
        ["Value"] = new() { [2] = "Type" },
        ["Type"] = new() { [1] = "TensorType" },
        ["TensorType"] = new() { [2] = "Shape" },
        ["Shape"] = new() { [1] = "Dimension" },
        ["Entry"] = [],
        ["Dimension"] = [],
    };

    /// <summary>The fields of a well-formed file.</summary>
    public static List<WireField> Parse(ReadOnlySpan<byte> bytes) => Parse(bytes, "Model");

    /// <summary>A file of these fields.</summary>
    public static byte[] Write(List<WireField> fields)
    {
        using var output = new MemoryStream();
        Write(fields, output);
        return output.ToArray();
    }

    /// <summary>Every field with the message that holds it.</summary>
    public static void Collect(List<WireField> message, List<(List<WireField> Message, int Index)> places)
    {
        for (int i = 0; i < message.Count; i++)
        {
            places.Add((message, i));
            if (message[i].Children is { } children)
            {
                Collect(children, places);
            }
        }
    }

    private static List<WireField> Parse(ReadOnlySpan<byte> bytes, string kind)
    {
        List<WireField> fields = [];
        int position = 0;
        while (position < bytes.Length)
        {
            ulong tag = Varint(bytes, ref position);
            int number = (int)(tag >> 3), wire = (int)(tag & 7);
            switch (wire)
            {
                case 0:
                    fields.Add(new WireField(number, 0, Varint(bytes, ref position), null, null));
                    break;
                case 5:
                    fields.Add(new WireField(number, 5, 0, bytes.Slice(position, 4).ToArray(), null));
                    position += 4;
                    break;
                default:
                    int length = (int)Varint(bytes, ref position);
                    ReadOnlySpan<byte> content = bytes.Slice(position, length);
                    position += length;
                    fields.Add(s_messages[kind].TryGetValue(number, out string? inner)
                        ? new WireField(number, 2, 0, null, Parse(content, inner)) : new WireField(number, 2, 0, content.ToArray(), null));
                    break;
            }
        }

        return fields;
    }

    private static void Write(List<WireField> fields, MemoryStream output)
    {
        foreach (WireField field in fields)
        {
            Varint(output, ((ulong)field.Number << 3) | (uint)field.WireType);
            if (field.WireType == 0)
            {
                Varint(output, field.Value);
            }
            else if (field.Children is not null)
            {
                var inner = new MemoryStream();
                Write(field.Children, inner);
                Varint(output, (ulong)inner.Length);
                inner.WriteTo(output);
            }
            else
            {
                if (field.WireType == 2)
                {
                    Varint(output, (ulong)field.Bytes!.Length);
                }

                output.Write(field.Bytes!);
            }
        }
    }

    private static ulong Varint(ReadOnlySpan<byte> bytes, ref int position)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte b = bytes[position++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }
    }

    private static void Varint(MemoryStream output, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            output.WriteByte((byte)(value | 0x80));
        }

        output.WriteByte((byte)value);
    }
}
