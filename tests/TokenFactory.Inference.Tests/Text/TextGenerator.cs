using System.Text;

namespace TokenFactory.Inference.Tests.Text;

/// <summary>Seeded texts that meet the corners of tokenizers: scripts, runs of space, line ends, digits, contractions, marks, emoji, odd code points.</summary>
internal sealed class TextGenerator(int seed, IReadOnlyList<string> special)
{
    private static readonly string[] s_parts =
    [
        "the", "hat", "Hello", "WORLD", "don't", "I'LL", "we'\u017Fe", "it\u2019s", "e\u0301", "\u00E9", "\u0130stanbul", "\u1E9E", "\uFB01", "\u2126", "\u00BD", "\u2167", "\u0663\u0664",
        " ", "  ", "    ", "\n", "\r\n", "\n\n", "\t", "\u00A0", "\u3000", "\u2028", "\u200D", "\u200B", "\uFEFF", "\u0000", "\u001C",
        "1", "12", "123", "1234567", "3.14", "1e-5", ".", "...", ",", "!", "?!", "-", "--", "_", "(", "))", "\"", "'", "`", "#", "/", "\\", "@", "=", "+=", "<", ">", "|",
        "日本語", "中文字符", "한국어", "\u1112\u1161\u11AB", "русский", "ελληνικά", "العربية", "עברית", "हिन्दी", "ไทย", "\U00020000\U0002A6D6",
        "\U0001F600", "\U0001F468\u200D\U0001F469\u200D\U0001F467", "\U0001F1E9\U0001F1EA", "\u2764\uFE0F", "\U0001D400", "\U00010400", "\u0301", "\u0345", "\uD7A3", "\uE000", "\U0010FFFD", "\uFFFD",
        "def f(x):\n    return x", "http://a.b/c?d=e", "\u2581", "\u0120", "##", "</w>", "<0x41>",
    ];

    private readonly Random _random = new(seed);

    public string Next()
    {
        int count = 1 + _random.Next(14);
        var text = new StringBuilder();
        for (int i = 0; i < count; i++)
        {
            int kind = _random.Next(20);
            text.Append(kind switch
            {
                0 when special.Count > 0 => special[_random.Next(special.Count)],
                1 => RandomRune().ToString(),
                2 => Letters(),
                3 or 4 => " " + Letters(),
                5 => new string(' ', _random.Next(1, 9)),
                _ => s_parts[_random.Next(s_parts.Length)],
            });
        }

        return text.ToString();
    }

    private string Letters() => string.Concat(Enumerable.Range(0, _random.Next(1, 10)).Select(_ => (char)('a' + _random.Next(26))));

    private Rune RandomRune()
    {
        while (true)
        {
            int limit = _random.Next(4) switch { 0 => 0x250, 1 => 0x3000, 2 => 0x10000, _ => 0x32000 };
            if (Rune.TryCreate(_random.Next(limit), out Rune rune))
            {
                return rune;
            }
        }
    }
}
