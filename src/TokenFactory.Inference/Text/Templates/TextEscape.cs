using System.Globalization;
using System.Text;

namespace TokenFactory.Inference.Text.Templates;

/// <summary>Python's escapes in texts.</summary>
internal static class TextEscape
{
    /// <summary>Reads what follows a backslash; the position after it, or -1 when it is malformed.</summary>
    public static int Read(string source, int at, StringBuilder text)
    {
        char c = source[at];
        int digits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            if (at + digits < source.Length
                && int.TryParse(source.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code) && code is >= 0 and <= 0x10FFFF)
            {
                text.Append(code is >= 0xD800 and <= 0xDFFF ? ((char)code).ToString() : char.ConvertFromUtf32(code));
                return at + 1 + digits;
            }

            return -1;
        }

        if (c is >= '0' and <= '7')
        {
            int value = 0;
            int end = at;
            while (end < source.Length && end < at + 3 && source[end] is >= '0' and <= '7')
            {
                value = (value * 8) + source[end++] - '0';
            }

            text.Append((char)value);
            return end;
        }

        _ = c switch
        {
            'n' => text.Append('\n'),
            't' => text.Append('\t'),
            'r' => text.Append('\r'),
            'a' => text.Append('\a'),
            'b' => text.Append('\b'),
            'f' => text.Append('\f'),
            'v' => text.Append('\v'),
            '\n' => text,
            '\\' or '\'' or '"' => text.Append(c),
            _ => text.Append('\\').Append(c),
        };
        return at + 1;
    }
}
