using System.Text;

namespace TokenFactory.Fuzz;

/// <summary>Mutates a JSON file: cut, flipped, values swapped for hostile ones, parts repeated, nested deep.</summary>
public static class TextMutator
{
    private static readonly string[] s_values =
        ["null", "0", "-1", "1e999", "99999999999999999999", "2147483648", "\"\"", "\"../../../etc/passwd\"", "\"/etc/passwd\"", "\"C:\\\\x\"", "\"onnx/../../x\"", "[]", "{}", "true", "\"\\ud800\"", "[[[[[[]]]]]]", "\"\\u0000\""];

    /// <summary>A mutated copy of a file.</summary>
    public static byte[] Mutate(byte[] file, int seed)
    {
        var random = new Random(seed);
        byte[] bytes = (byte[])file.Clone();
        switch (random.Next(8))
        {
            case 0:
                return bytes[..random.Next(bytes.Length)];
            case 1:
                for (int i = random.Next(1, 8); i > 0; i--)
                {
                    bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                }

                return bytes;
            case 2:
                int at = random.Next(bytes.Length);
                return [.. bytes[..at], .. Encoding.UTF8.GetBytes(new string('[', random.Next(5000))), .. bytes[at..]];
            case 3:
                int from = random.Next(bytes.Length), length = random.Next(bytes.Length - from);
                return [.. bytes[..(from + length)], .. bytes[from..]];
            default:
                string text = Encoding.UTF8.GetString(bytes);
                List<int> colons = [.. Enumerable.Range(0, text.Length).Where(i => text[i] == ':')];
                for (int i = random.Next(1, 4); i > 0 && colons.Count > 0; i--)
                {
                    int colon = colons[random.Next(colons.Count)];
                    int end = text.IndexOfAny([',', '}', '\n'], Math.Min(colon, text.Length - 1));
                    text = end < 0 || colon >= text.Length ? text : string.Concat(text.AsSpan(0, colon + 1), s_values[random.Next(s_values.Length)], text.AsSpan(end));
                    colons = [.. Enumerable.Range(0, text.Length).Where(c => text[c] == ':')];
                }

                return Encoding.UTF8.GetBytes(text);
        }
    }
}
