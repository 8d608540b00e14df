using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokenFactory.Inference.Onnx;

/// <summary>Builds a byte-level BPE vocabulary of any size and writes it as <c>tokenizer.json</c>.</summary>
/// <remarks>
/// No text was trained on: common English letter pairs come first, then whole words, then suffixes and pronounceable syllables, so that plain
/// English takes about as many tokens as with a real vocabulary. Deterministic; the only input is the size. Tokens 0 to 2 are the
/// special ones. Bytes map to characters as in GPT-2 (Radford et al., 2019, <c>bytes_to_unicode</c>).
/// </remarks>
internal sealed class TokenizerFile
{
    /// <summary>Special tokens; their index is their id.</summary>
    public static readonly string[] Special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

    private const string Pairs =
        "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne ea ra ce li ch ll be ma si om ur";
    private const string Onsets = "b c d f g h j k l m n p qu r s t v w y z bl br cl cr dr fl fr gl gr pl pr sc sh sl sp st tr ch th wh";
    private const string Vowels = "a e i o u ai ea ee ou oo";
    private const string Codas = " n r s t l m ng st ck nd";
    private const string Suffixes = "s ed ing er ly est tion ment ness able";

    private readonly List<string> _tokens = [];
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly List<(string Left, string Right)> _merges = [];
    private readonly Dictionary<(string Left, string Right), int> _ranks = [];
    private readonly int _size;

    private TokenizerFile(int size)
    {
        _size = size;
        foreach (string token in Special)
        {
            Add(token);
        }

        for (int b = 0; b < 256; b++)
        {
            Add(ByteCharacter(b).ToString());
        }

        Fill();
    }

    /// <summary>Fewest entries that a vocabulary can have: every byte and the special tokens.</summary>
    public static int MinimumSize => 256 + Special.Length;

    /// <summary>Writes a vocabulary of <paramref name="size"/> entries.</summary>
    public static void Write(Stream stream, int size)
    {
        var file = new TokenizerFile(size);
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Indented = true, NewLine = "\n" });
        file.Write(json);
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        json.WriteStartArray("added_tokens");
        for (int id = 0; id < Special.Length; id++)
        {
            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("content", Special[id]);
            json.WriteBoolean("single_word", false);
            json.WriteBoolean("lstrip", false);
            json.WriteBoolean("rstrip", false);
            json.WriteBoolean("normalized", false);
            json.WriteBoolean("special", true);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNull("normalizer");
        ByteLevel(json, "pre_tokenizer");
        json.WriteNull("post_processor");
        ByteLevel(json, "decoder");
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteNull("unk_token");
        json.WriteNull("continuing_subword_prefix");
        json.WriteNull("end_of_word_suffix");
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteBoolean("ignore_merges", false);
        json.WriteStartObject("vocab");
        for (int id = 0; id < _tokens.Count; id++)
        {
            json.WriteNumber(_tokens[id], id);
        }

        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach ((string left, string right) in _merges)
        {
            json.WriteStringValue($"{left} {right}");
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void ByteLevel(Utf8JsonWriter json, string role)
    {
        json.WriteStartObject(role);
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", true);
        json.WriteBoolean("use_regex", true);
        json.WriteEndObject();
    }

    private void Fill()
    {
        foreach (string pair in Pairs.Split(' '))
        {
            Learn(pair);
        }

        string[] words = Words();
        foreach (string word in words)
        {
            Learn("Ġ" + word);
        }

        foreach (string word in words)
        {
            Learn(word);
            Learn("Ġ" + char.ToUpperInvariant(word[0]) + word[1..]);
        }

        foreach (string suffix in Suffixes.Split(' '))
        {
            foreach (string word in words)
            {
                Learn("Ġ" + word + suffix);
            }
        }

        string[] syllables = [.. from coda in Codas.Split(' ') from vowel in Vowels.Split(' ') from onset in Onsets.Split(' ') select onset + vowel + coda];
        foreach (string start in new[] { "Ġ", "" })
        {
            foreach (string syllable in syllables)
            {
                Learn(start + syllable);
            }
        }

        foreach (string first in syllables)
        {
            foreach (string second in syllables)
            {
                if (_tokens.Count >= _size)
                {
                    return;
                }

                Learn("Ġ" + first + second);
            }
        }
    }

    // Makes a text one token: what the merges so far give of it, joined from the left.
    private void Learn(string text)
    {
        if (_tokens.Count >= _size)
        {
            return;
        }

        List<string> parts = [.. text.Select(c => c.ToString())];
        while (parts.Count > 1)
        {
            int best = -1;
            int rank = int.MaxValue;
            for (int i = 0; i + 1 < parts.Count; i++)
            {
                if (_ranks.TryGetValue((parts[i], parts[i + 1]), out int found) && found < rank)
                {
                    (best, rank) = (i, found);
                }
            }

            if (best < 0)
            {
                best = 0;
                string joined = parts[0] + parts[1];
                if (!_ids.ContainsKey(joined))
                {
                    if (_tokens.Count >= _size)
                    {
                        return;
                    }

                    Add(joined);
                }

                _ranks.Add((parts[0], parts[1]), _merges.Count);
                _merges.Add((parts[0], parts[1]));
            }

            parts[best] += parts[best + 1];
            parts.RemoveAt(best + 1);
        }
    }

    private void Add(string token)
    {
        _ids.Add(token, _tokens.Count);
        _tokens.Add(token);
    }

    private static string[] Words()
    {
        using Stream stream = typeof(TokenizerFile).Assembly.GetManifestResourceStream("TokenFactory.Inference.Onnx.words.txt")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return [.. reader.ReadToEnd().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)];
    }

    private static char ByteCharacter(int value)
    {
        static bool Printable(int b) => b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE and <= 0xFF;
        if (Printable(value))
        {
            return (char)value;
        }

        int earlier = 0;
        for (int b = 0; b < value; b++)
        {
            earlier += Printable(b) ? 0 : 1;
        }

        return (char)(256 + earlier);
    }
}
