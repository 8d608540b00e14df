using System.Text.Json;

namespace TokenFactory.Fuzz;

/// <summary>Small tokenizer.json files for what the reference vocabularies, all of them byte-pair ones, do not use.</summary>
public static class MadeTokenizers
{
    private static readonly string[] s_words =
    [
        "[UNK]", "[CLS]", "[SEP]", "the", "hat", "hello", "world", "he", "##llo", "##l", "##o", "a", "b", "c", "##a", "##b", "##c", "e", "##e", "t", "##t", "h", "##h",
        "1", "##1", "12", "##2", "2", ".", ",", "!", "'", "-", "日", "本", "語", "中", "q", "##q", "don", "s", "##s", "istanbul", "русский",
    ];

    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        ["wordpiece-bert"] = WordPiece("""{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}""",
            """{"type":"BertPreTokenizer"}""", """{"type":"WordPiece","prefix":"##","cleanup":true}""", """{"type":"BertProcessing","sep":["[SEP]",2],"cls":["[CLS]",1]}"""),
        ["wordpiece-cased"] = WordPiece("""{"type":"BertNormalizer","clean_text":false,"handle_chinese_chars":false,"strip_accents":true,"lowercase":false}""",
            """{"type":"Whitespace"}""", """{"type":"WordPiece","prefix":"##","cleanup":false}""", "null"),
        ["wordlevel"] = Json("""{"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Lowercase"}]}""", """{"type":"Whitespace"}""",
            $$"""{"type":"WordLevel","vocab":{{Vocabulary()}},"unk_token":"[UNK]"}""", "null", "null"),
        ["wordlevel-strip"] = Json("""{"type":"Sequence","normalizers":[{"type":"Strip","strip_left":true,"strip_right":true},{"type":"NFD"},{"type":"StripAccents"},{"type":"Nmt"}]}""",
            """{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Punctuation","behavior":"MergedWithPrevious"},{"type":"Digits","individual_digits":false}]}""",
            $$"""{"type":"WordLevel","vocab":{{Vocabulary()}},"unk_token":"[UNK]"}""", "null", "null"),
        ["unigram-bytes"] = Unigram(byteFallback: true, """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}"""),
        ["unigram-unknown"] = Unigram(byteFallback: false, """{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":false}"""),
        ["bpe-suffix"] = Json("""{"type":"Lowercase"}""", """{"type":"WhitespaceSplit"}""",
            """{"type":"BPE","unk_token":"<unk>","end_of_word_suffix":"</w>","fuse_unk":true,"vocab":{"<unk>":0,"t":1,"h":2,"e":3,"a":4,"e</w>":5,"t</w>":6,"th":7,"the</w>":8,"ha":9,"hat</w>":10,"a</w>":11,"l":12,"o</w>":13},"merges":["t h","th e</w>","h a","ha t</w>"]}""",
            """{"type":"BPEDecoder","suffix":"</w>"}""", "null"),
        ["bpe-prefix"] = Json("null", """{"type":"BertPreTokenizer"}""",
            """{"type":"BPE","unk_token":"<unk>","continuing_subword_prefix":"##","vocab":{"<unk>":0,"t":1,"##h":2,"##e":3,"th":4,"the":5,"h":6,"##a":7,"##t":8,"ha":9,"hat":10,"##at":11},"merges":["##a ##t","t ##h","th ##e","h ##at"]}""",
            """{"type":"WordPiece","prefix":"##","cleanup":true}""", "null"),
        ["ctc"] = Json("null", """{"type":"Split","pattern":{"String":""},"behavior":"Isolated","invert":false}""",
            """{"type":"WordLevel","vocab":{"<pad>":0,"|":1,"the":2,"hat":3,"[UNK]":4},"unk_token":"[UNK]"}""",
            """{"type":"CTC","pad_token":"<pad>","word_delimiter_token":"|","cleanup":true}""", "null"),
        ["charsmap"] = Bytes($$"""{"type":"Precompiled","precompiled_charsmap":"{{CharsMap.Build()}}"}""", "null"),
        ["replace-strip"] = Bytes("""{"type":"Sequence","normalizers":[{"type":"Replace","pattern":{"Regex":"(?<=t)h|[aeiou]{2,}|x+"},"content":"<>"},{"type":"Prepend","prepend":"_"}]}""", "null"),
        ["regexes"] = Bytes("null", Split(@"(?i:istanbul|straße)|\p{Han}+|(?>\d+)(?!\.)|[[:alpha:]&&[^aeiou]]+|\bq\w*?\b|[^\S\r\n]+|(.)\1|^#|$")),
    };

    public static IReadOnlyDictionary<string, string> CharacterTests { get; } = new Dictionary<string, string>
    {
        ["NFC"] = Bytes("""{"type":"NFC"}""", "null"),
        ["NFD"] = Bytes("""{"type":"NFD"}""", "null"),
        ["NFKC"] = Bytes("""{"type":"NFKC"}""", "null"),
        ["NFKD"] = Bytes("""{"type":"NFKD"}""", "null"),
        ["Lowercase"] = Bytes("""{"type":"Lowercase"}""", "null"),
        ["StripAccents"] = Bytes("""{"type":"StripAccents"}""", "null"),
        ["Nmt"] = Bytes("""{"type":"Nmt"}""", "null"),
        ["Bert"] = Bytes("""{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":true,"lowercase":false}""", "null"),
        ["Digits"] = Bytes("null", """{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"CharDelimiterSplit","delimiter":"q"}]}"""),
        ["Punctuation"] = Bytes("null", """{"type":"Punctuation","behavior":"Removed"}"""),
        ["WhitespaceSplit"] = Bytes("null", """{"type":"WhitespaceSplit"}"""),
        ["Whitespace"] = Bytes("null", """{"type":"Whitespace"}""", merges: true),
        ["\\p{L}"] = Bytes("null", Split(@"\p{L}", "Removed")),
        ["\\p{N}"] = Bytes("null", Split(@"\p{N}", "Removed")),
        ["\\p{P}"] = Bytes("null", Split(@"\p{P}", "Removed")),
        ["\\p{S}"] = Bytes("null", Split(@"\p{S}", "Removed")),
        ["\\p{M}"] = Bytes("null", Split(@"\p{M}", "Removed")),
        ["\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}"] = Bytes("null", Split(@"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}]", "Removed")),
        ["\\p{Ll}"] = Bytes("null", Split(@"\p{Ll}", "Removed")),
        ["\\p{Han}"] = Bytes("null", Split(@"\p{Han}", "Removed")),
        ["\\s"] = Bytes("null", Split(@"\s", "Removed")),
        ["\\d"] = Bytes("null", Split(@"\d", "Removed")),
        ["\\w"] = Bytes("null", Split(@"\w", "Removed")),
        ["(?i)"] = Bytes("null", Split(@"(?i:[a-zåßσø]|[Ж-Я])", "Removed")),
    };

    public static string Split(string pattern, string behavior = "Isolated") =>
        $$$"""{"type":"Split","pattern":{"Regex":{{{JsonSerializer.Serialize(pattern)}}}},"behavior":"{{{behavior}}}","invert":false}""";

    /// <summary>A byte-level tokenizer without merges, or with one that a cut between two letters q stops.</summary>
    private static string Bytes(string normalizer, string preTokenizer, bool merges = false)
    {
        var vocabulary = new Dictionary<string, int>();
        int next = 256;
        for (int b = 0; b < 256; b++)
        {
            bool own = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
            vocabulary[((char)(own ? b : next++)).ToString()] = b;
        }

        for (int b = 0; merges && b < 256; b++)
        {
            vocabulary["q" + vocabulary.First(v => v.Value == b).Key] = 256 + b;
        }

        string pairs = merges ? JsonSerializer.Serialize(vocabulary.Where(v => v.Value < 256).Select(v => "q " + v.Key)) : "[]";
        string bytes = """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false}""";
        return Json(normalizer, preTokenizer == "null" ? bytes : $$"""{"type":"Sequence","pretokenizers":[{{preTokenizer}},{{bytes}}]}""",
            $$"""{"type":"BPE","vocab":{{JsonSerializer.Serialize(vocabulary)}},"merges":{{pairs}}}""", bytes, "null");
    }

    private static string Unigram(bool byteFallback, string metaspace)
    {
        IEnumerable<object[]> pieces =
        [
            ["<unk>", 0.0], ["▁", -3.0], ["▁the", -3.5], ["▁h", -4.2], ["at", -3.9], ["a", -5.0], ["t", -5.1], ["h", -5.2], ["e", -4.8], ["th", -4.9], ["▁hello", -6.0], ["l", -5.5], ["o", -5.6],
            ["日本", -7.0], ["日", -8.0], ["1", -6.1], ["12", -6.4], [".", -4.4], ["..", -6.5], [",", -4.5],
        ];
        if (byteFallback)
        {
            pieces = pieces.Concat(Enumerable.Range(0, 256).Select(b => new object[] { $"<0x{b:X2}>", -12.0 }));
        }

        return Json("""{"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "}]}""", metaspace,
            $$"""{"type":"Unigram","unk_id":0,"byte_fallback":{{(byteFallback ? "true" : "false")}},"vocab":{{JsonSerializer.Serialize(pieces)}}}""",
            byteFallback ? $$"""{"type":"Sequence","decoders":[{"type":"ByteFallback"},{{metaspace}}]}""" : metaspace, "null");
    }

    private static string WordPiece(string normalizer, string preTokenizer, string decoder, string processor) => Json(normalizer, preTokenizer,
        $$"""{"type":"WordPiece","vocab":{{Vocabulary()}},"unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":12}""", decoder, processor);

    private static string Vocabulary() => JsonSerializer.Serialize(s_words.Select((word, id) => (word, id)).ToDictionary(w => w.word, w => w.id));

    private static string Json(string normalizer, string preTokenizer, string model, string decoder, string processor) =>
        $$"""{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":{{normalizer}},"pre_tokenizer":{{preTokenizer}},"post_processor":{{processor}},"decoder":{{decoder}},"model":{{model}}}""";
}
