using System.Text;

namespace TokenFactory.Inference.Text.Pipeline;

/// <summary>GPT-2's alphabet: every byte has a printable character, the visible ones of Latin-1 their own.</summary>
internal static class ByteAlphabet
{
    private static readonly char[] s_characters = Build();
    private static readonly short[] s_bytes = Invert();

    /// <summary>The character of a byte.</summary>
    public static char Character(byte value) => s_characters[value];

    /// <summary>The byte of a character; -1 when it stands for none.</summary>
    public static int Byte(char character) => character < s_bytes.Length ? s_bytes[character] : -1;

    public static AlignedText Map(in Piece piece, bool track)
    {
        var rewriter = new TextRewriter(piece, track);
        ReadOnlySpan<char> text = piece.Span;
        Span<byte> bytes = stackalloc byte[4];
        Span<char> mapped = stackalloc char[4];
        for (int i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text[i..], out Rune rune, out int consumed);
            int count = rune.EncodeToUtf8(bytes);
            for (int k = 0; k < count; k++)
            {
                mapped[k] = s_characters[bytes[k]];
            }

            rewriter.Append(mapped[..count], i, i + consumed);
            i += consumed;
        }

        return rewriter.Build();
    }

    /// <summary>Maps into a buffer of at least three times the length; the number of characters written.</summary>
    public static int Map(ReadOnlySpan<char> text, Span<char> output)
    {
        Span<byte> bytes = stackalloc byte[4];
        int written = 0;
        for (int i = 0; i < text.Length;)
        {
            char c = text[i];
            if (c < 0x80)
            {
                output[written++] = s_characters[c];
                i++;
                continue;
            }

            Rune.DecodeFromUtf16(text[i..], out Rune rune, out int consumed);
            int count = rune.EncodeToUtf8(bytes);
            for (int k = 0; k < count; k++)
            {
                output[written++] = s_characters[bytes[k]];
            }

            i += consumed;
        }

        return written;
    }

    private static char[] Build()
    {
        char[] characters = new char[256];
        int next = 256;
        for (int b = 0; b < 256; b++)
        {
            bool own = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
            characters[b] = own ? (char)b : (char)next++;
        }

        return characters;
    }

    private static short[] Invert()
    {
        short[] bytes = new short[512];
        Array.Fill(bytes, (short)-1);
        for (int b = 0; b < 256; b++)
        {
            bytes[s_characters[b]] = (short)b;
        }

        return bytes;
    }
}
