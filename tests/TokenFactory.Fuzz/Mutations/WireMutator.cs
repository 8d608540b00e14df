using System.Text;

namespace TokenFactory.Fuzz;

/// <summary>Mutates a protobuf file: bytes at random, or fields of messages with all lengths made to fit again.</summary>
public sealed class WireMutator
{
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
                List<WireField> model = Wire.Parse(bytes);
                List<(List<WireField> Message, int Index)> places = [];
                Wire.Collect(model, places);
                for (int i = _random.Next(1, 4); i > 0; i--)
                {
                    Change(places);
                }

                return Wire.Write(model);
        }
    }

    private void Change(List<(List<WireField> Message, int Index)> places)
    {
        (List<WireField> message, int index) = places[_random.Next(places.Count)];
        if (index >= message.Count)
        {
            return;
        }

        WireField field = message[index];
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
                (List<WireField> elsewhere, int at) = places[_random.Next(places.Count)];
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

    private WireField Altered(WireField field)
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
}
