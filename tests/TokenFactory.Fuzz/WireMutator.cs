using System.Text;

namespace TokenFactory.Fuzz;

/// <summary>Mutates a protobuf file: bytes at random, or fields of messages with all lengths made to fit again.</summary>
public sealed class WireMutator
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

    private static readonly string[] s_texts = ["", "../../etc/passwd", "/etc/passwd", "C:\\Windows\\win.ini", "..\\..\\x", "input_ids", "logits", new('a', 5000), "If", "Loop", "Identity", "com.microsoft"];

    private readonly Random _random;

    /// <summary>Creates a mutator.</summary>
    public WireMutator(int seed) => _random = new Random(seed);

    /// <summary>A mutated copy of a file.</summary>
    public byte[] Mutate(byte[] file)
    {
        byte[] bytes = (byte[])file.Clone();
        switch (_random.Next(10))
        {
            case 0:
                return bytes[.._random.Next(bytes.Length)];
            case 1:
                for (int i = _random.Next(1, 20); i > 0; i--)
                {
                    bytes[_random.Next(bytes.Length)] ^= (byte)(1 << _random.Next(8));
                }

                return bytes;
            case 2:
                int from = _random.Next(bytes.Length), to = _random.Next(bytes.Length), count = Math.Min(_random.Next(64), bytes.Length - Math.Max(from, to));
                bytes.AsSpan(from, count).CopyTo(bytes.AsSpan(to));
                return bytes;
            default:
                List<Field> model = Parse(bytes, "Model");
                List<(List<Field> Message, int Index)> places = [];
                Collect(model, places);
                for (int i = _random.Next(1, 4); i > 0; i--)
                {
                    Change(places);
                }

                using (var output = new MemoryStream())
                {
                    Write(model, output);
                    return output.ToArray();
                }
        }
    }

    private void Change(List<(List<Field> Message, int Index)> places)
    {
        (List<Field> message, int index) = places[_random.Next(places.Count)];
        if (index >= message.Count)
        {
            return;
        }

        Field field = message[index];
        switch (_random.Next(7))
        {
            case 0:
                message.RemoveAt(index);
                break;
            case 1:
                message.Add(field.Copy());
                break;
            case 2:
                int other = _random.Next(message.Count);
                (message[index], message[other]) = (message[other], message[index]);
                break;
            case 3:
                (List<Field> elsewhere, int at) = places[_random.Next(places.Count)];
                if (at < elsewhere.Count && elsewhere[at].WireType == field.WireType && elsewhere[at].Children is null == field.Children is null)
                {
                    message[index] = elsewhere[at].Copy() with { Number = field.Number };
                }

                break;
            default:
                message[index] = Altered(field);
                break;
        }
    }

    private Field Altered(Field field)
    {
        ulong[] numbers = [0, 1, 2, 3, 7, 16, 255, 65536, int.MaxValue, 1UL << 31, 1UL << 32, long.MaxValue, ulong.MaxValue, unchecked((ulong)-2L), (ulong)_random.Next(100)];
        if (field.WireType == 0)
        {
            return field with { Value = _random.Next(3) == 0 ? field.Value + (ulong)_random.Next(3) - 1 : numbers[_random.Next(numbers.Length)] };
        }

        if (field.Children is not null || field.Bytes is null)
        {
            return field with { Number = _random.Next(1, 16) };
        }

        byte[] bytes = (byte[])field.Bytes.Clone();
        switch (_random.Next(4))
        {
            case 0:
                return field with { Bytes = Encoding.UTF8.GetBytes(s_texts[_random.Next(s_texts.Length)]) };
            case 1:
                return field with { Bytes = bytes[..(bytes.Length / 2)] };
            case 2:
                return field with { Bytes = Encoding.UTF8.GetBytes(numbers[_random.Next(numbers.Length)].ToString(System.Globalization.CultureInfo.InvariantCulture)) };
            default:
                if (bytes.Length > 0)
                {
                    bytes[_random.Next(bytes.Length)] = (byte)_random.Next(256);
                }

                return field with { Bytes = bytes };
        }
    }

    private static void Collect(List<Field> message, List<(List<Field>, int)> places)
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

    private static List<Field> Parse(ReadOnlySpan<byte> bytes, string kind)
    {
        List<Field> fields = [];
        int position = 0;
        while (position < bytes.Length)
        {
            ulong tag = Varint(bytes, ref position);
            int number = (int)(tag >> 3), wire = (int)(tag & 7);
            switch (wire)
            {
                case 0:
                    fields.Add(new Field(number, 0, Varint(bytes, ref position), null, null));
                    break;
                case 5:
                    fields.Add(new Field(number, 5, 0, bytes.Slice(position, 4).ToArray(), null));
                    position += 4;
                    break;
                default:
                    int length = (int)Varint(bytes, ref position);
                    ReadOnlySpan<byte> content = bytes.Slice(position, length);
                    position += length;
                    fields.Add(s_messages[kind].TryGetValue(number, out string? inner)
                        ? new Field(number, 2, 0, null, Parse(content, inner)) : new Field(number, 2, 0, content.ToArray(), null));
                    break;
            }
        }

        return fields;
    }

    private static void Write(List<Field> fields, MemoryStream output)
    {
        foreach (Field field in fields)
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

    // Copies share nothing: a message put into itself would never end.
    private sealed record Field(int Number, int WireType, ulong Value, byte[]? Bytes, List<Field>? Children)
    {
        public Field Copy() => this with { Children = Children is null ? null : [.. Children.Select(c => c.Copy())] };
    }
}
