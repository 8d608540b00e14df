using System.Globalization;
using System.Text;
using TokenFactory.Inference.Text.Pipeline;

namespace TokenFactory.Inference.Text.Decoding;

/// <summary>GPT-2's byte alphabet back to UTF-8; a character is passed on when its last byte is there, a malformed one becomes U+FFFD.</summary>
internal sealed class ByteLevelStage(DecodeStage next) : TokenStage(next)
{
    private readonly Decoder _decoder = System.Text.Encoding.UTF8.GetDecoder();

    protected override void OnToken(ReadOnlySpan<char> token)
    {
        byte[] bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
        {
            int value = ByteAlphabet.Byte(token[i]);
            if (value < 0)
            {
                // An added token is text, not bytes.
                bytes = new byte[System.Text.Encoding.UTF8.GetByteCount(token)];
                System.Text.Encoding.UTF8.GetBytes(token, bytes);
                break;
            }

            bytes[i] = (byte)value;
        }

        Pass(bytes, flush: false);
    }

    protected override void OnEnd() => Pass([], flush: true);

    private void Pass(byte[] bytes, bool flush)
    {
        Span<char> text = stackalloc char[256];
        int needed = System.Text.Encoding.UTF8.GetMaxCharCount(bytes.Length) + 4;
        if (needed > text.Length)
        {
            text = new char[needed];
        }

        int count = _decoder.GetChars(bytes, text, flush);
        Next.Push(text[..count], last: flush);
    }
}

/// <summary>
/// Tokens <c>&lt;0xNN&gt;</c> back to UTF-8. A run of them is text only when all of it is valid, so it waits for the token that ends it.
/// </summary>
internal sealed class ByteFallbackStage(DecodeStage next) : TokenStage(next)
{
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    private readonly List<byte> _pending = [];

    protected override void OnToken(ReadOnlySpan<char> token)
    {
        if (token.Length == 6 && token.StartsWith("<0x") && token[5] == '>'
            && byte.TryParse(token[3..5], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
        {
            _pending.Add(value);
            return;
        }

        OnEnd();
        Next.Push(token, last: true);
    }

    protected override void OnEnd()
    {
        if (_pending.Count == 0)
        {
            return;
        }

        try
        {
            Next.Push(s_strict.GetString([.. _pending]), last: true);
        }
        catch (DecoderFallbackException)
        {
            for (int i = 0; i < _pending.Count; i++)
            {
                Next.Push("\uFFFD", last: true);
            }
        }

        _pending.Clear();
    }
}
