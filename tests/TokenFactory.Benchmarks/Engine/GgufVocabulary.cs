namespace TokenFactory.Benchmarks.Engine;

/// <summary>A byte-level vocabulary of GPT-2's kind for a GGUF file: all bytes, some words as one token each, and the special tokens of a small chat template.</summary>
/// <remarks>Every merge begins at a word's blank, so that no order of merges can spoil another.</remarks>
internal sealed class GgufVocabulary
{
    private const string Template =
        "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";

    private const int Normal = 1;
    private const int Control = 3;

    private static readonly string[] s_special = ["<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"];

    private readonly List<string> _tokens = [.. Enumerable.Range(0, 256).Select(b => Letter(b).ToString())];
    private readonly List<string> _merges = [];

    /// <summary>Makes the vocabulary.</summary>
    /// <param name="words">Words in letters of ASCII, without blanks.</param>
    public GgufVocabulary(IEnumerable<string> words)
    {
        HashSet<string> known = [.. _tokens];
        foreach (string word in words)
        {
            string left = Letter(' ').ToString();
            foreach (char letter in word)
            {
                if (known.Add(left + letter))
                {
                    _merges.Add($"{left} {letter}");
                    _tokens.Add(left + letter);
                }

                left += letter;
            }
        }

        _tokens.AddRange(s_special);
    }

    /// <summary>Number of entries.</summary>
    public int Count => _tokens.Count;

    /// <summary>The file's entries that describe it.</summary>
    public IEnumerable<(string, object)> Facts()
    {
        uint first = (uint)(_tokens.Count - s_special.Length);
        return
        [
            ("tokenizer.ggml.model", "gpt2"), ("tokenizer.ggml.pre", "gpt-2"), ("tokenizer.ggml.tokens", _tokens), ("tokenizer.ggml.merges", _merges),
            ("tokenizer.ggml.token_type", _tokens.Select((_, i) => i < first ? Normal : Control).ToList()),
            ("tokenizer.ggml.bos_token_id", first), ("tokenizer.ggml.eos_token_id", first), ("tokenizer.ggml.add_bos_token", true),
            ("tokenizer.chat_template", Template),
        ];
    }

    // GPT-2 writes a byte that prints as itself, and the others in order from U+0100.
    private static char Letter(int value)
    {
        static bool Prints(int b) => b is (>= '!' and <= '~') or (>= 0xa1 and <= 0xac) or (>= 0xae and <= 0xff);
        return Prints(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(b => !Prints(b)));
    }
}
