using System.Globalization;

namespace TokenFactory.Inference.Text.Characters;

/// <summary>Named classes of characters, the same on every platform: .NET carries the general categories itself.</summary>
internal static class CharacterClasses
{
    private static readonly Lazy<CodePointSet[]> s_categories = new(BuildCategories);

    private static readonly Dictionary<string, Lazy<CodePointSet>> s_named = BuildNames();

    /// <summary>White_Space.</summary>
    public static CodePointSet Space { get; } = CodePointSet.FromPairs(
        0x9, 0xD, 0x20, 0x20, 0x85, 0x85, 0xA0, 0xA0, 0x1680, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029, 0x202F, 0x202F, 0x205F, 0x205F, 0x3000, 0x3000);

    /// <summary>Word characters as Oniguruma has them: with Latin-1's superscript digits and fractions.</summary>
    public static CodePointSet Word => s_named["word"].Value;

    /// <summary>Word characters as Rust's regex crate has them: with the two join controls.</summary>
    public static CodePointSet RustWord => s_named["rustword"].Value;

    public static CodePointSet Numeric => s_named["n"].Value;

    /// <summary>ASCII punctuation and symbols besides the categories P.</summary>
    public static CodePointSet BertPunctuation { get; } = UnicodeTables.Instance.Set("punctuation");

    public static CodePointSet Mark { get; } = UnicodeTables.Instance.Set("mark");

    public static CodePointSet NonspacingMark { get; } = UnicodeTables.Instance.Set("nonspacing");

    public static CodePointSet Other { get; } = UnicodeTables.Instance.Set("other");

    /// <summary>The class of a name in a pattern (<c>\p{…}</c> or <c>[:…:]</c>); null when it is not known.</summary>
    public static CodePointSet? Find(string name)
    {
        string key = string.Concat(name.Where(c => c is not (' ' or '_' or '-'))).ToLowerInvariant();
        return s_named.TryGetValue(key, out Lazy<CodePointSet>? set) ? set.Value : null;
    }

    private static CodePointSet AsciiPunctuation() => CodePointSet.FromPairs(0x21, 0x2F, 0x3A, 0x40, 0x5B, 0x60, 0x7B, 0x7E);

    private static CodePointSet Category(params UnicodeCategory[] categories) =>
        CodePointSet.Union(categories.Select(c => s_categories.Value[(int)c]));

    private static CodePointSet[] BuildCategories()
    {
        var pairs = new List<int>[30];
        for (int i = 0; i < pairs.Length; i++)
        {
            pairs[i] = [];
        }

        int start = 0;
        UnicodeCategory current = CharUnicodeInfo.GetUnicodeCategory(0);
        for (int c = 1; c <= CodePointSet.Limit; c++)
        {
            UnicodeCategory category = c == CodePointSet.Limit ? (UnicodeCategory)(-1) : CharUnicodeInfo.GetUnicodeCategory(c);
            if (category != current)
            {
                pairs[(int)current].AddRange([start, c - 1]);
                start = c;
                current = category;
            }
        }

        return [.. pairs.Select(p => CodePointSet.FromPairs([.. p]))];
    }

    private static Dictionary<string, Lazy<CodePointSet>> BuildNames()
    {
        var names = new Dictionary<string, Lazy<CodePointSet>>();
        void Add(string all, Func<CodePointSet> make)
        {
            var set = new Lazy<CodePointSet>(make);
            foreach (string name in all.Split(' '))
            {
                names[name] = set;
            }
        }

        void General(string all, params UnicodeCategory[] categories) => Add(all, () => Category(categories));

        General("lu uppercaseletter", UnicodeCategory.UppercaseLetter);
        General("ll lowercaseletter", UnicodeCategory.LowercaseLetter);
        General("lt titlecaseletter", UnicodeCategory.TitlecaseLetter);
        General("lm modifierletter", UnicodeCategory.ModifierLetter);
        General("lo otherletter", UnicodeCategory.OtherLetter);
        General("l letter", UnicodeCategory.UppercaseLetter, UnicodeCategory.LowercaseLetter, UnicodeCategory.TitlecaseLetter, UnicodeCategory.ModifierLetter, UnicodeCategory.OtherLetter);
        General("lc casedletter", UnicodeCategory.UppercaseLetter, UnicodeCategory.LowercaseLetter, UnicodeCategory.TitlecaseLetter);
        General("mn nonspacingmark", UnicodeCategory.NonSpacingMark);
        General("mc spacingmark", UnicodeCategory.SpacingCombiningMark);
        General("me enclosingmark", UnicodeCategory.EnclosingMark);
        General("m mark combiningmark", UnicodeCategory.NonSpacingMark, UnicodeCategory.SpacingCombiningMark, UnicodeCategory.EnclosingMark);
        General("nd decimalnumber digit", UnicodeCategory.DecimalDigitNumber);
        General("nl letternumber", UnicodeCategory.LetterNumber);
        General("no othernumber", UnicodeCategory.OtherNumber);
        General("n number", UnicodeCategory.DecimalDigitNumber, UnicodeCategory.LetterNumber, UnicodeCategory.OtherNumber);
        General("pc connectorpunctuation", UnicodeCategory.ConnectorPunctuation);
        General("pd dashpunctuation", UnicodeCategory.DashPunctuation);
        General("ps openpunctuation", UnicodeCategory.OpenPunctuation);
        General("pe closepunctuation", UnicodeCategory.ClosePunctuation);
        General("pi initialpunctuation", UnicodeCategory.InitialQuotePunctuation);
        General("pf finalpunctuation", UnicodeCategory.FinalQuotePunctuation);
        General("po otherpunctuation", UnicodeCategory.OtherPunctuation);
        UnicodeCategory[] punctuation = [.. Enumerable.Range((int)UnicodeCategory.ConnectorPunctuation, 7).Select(c => (UnicodeCategory)c)];
        General("p punctuation", punctuation);
        General("sm mathsymbol", UnicodeCategory.MathSymbol);
        General("sc currencysymbol", UnicodeCategory.CurrencySymbol);
        General("sk modifiersymbol", UnicodeCategory.ModifierSymbol);
        General("so othersymbol", UnicodeCategory.OtherSymbol);
        General("s symbol", UnicodeCategory.MathSymbol, UnicodeCategory.CurrencySymbol, UnicodeCategory.ModifierSymbol, UnicodeCategory.OtherSymbol);
        General("zs spaceseparator", UnicodeCategory.SpaceSeparator);
        General("zl lineseparator", UnicodeCategory.LineSeparator);
        General("zp paragraphseparator", UnicodeCategory.ParagraphSeparator);
        General("z separator", UnicodeCategory.SpaceSeparator, UnicodeCategory.LineSeparator, UnicodeCategory.ParagraphSeparator);
        General("cc control cntrl", UnicodeCategory.Control);
        General("cf format", UnicodeCategory.Format);
        General("cn unassigned", UnicodeCategory.OtherNotAssigned);
        General("co privateuse", UnicodeCategory.PrivateUse);
        General("cs surrogate", UnicodeCategory.Surrogate);
        General("c other", UnicodeCategory.Control, UnicodeCategory.Format, UnicodeCategory.OtherNotAssigned, UnicodeCategory.PrivateUse, UnicodeCategory.Surrogate);

        CodePointSet Named(string name) => names[name].Value;

        // Letters among the symbols: circled and squared ones are alphabetic.
        Add("alpha alphabetic", () => CodePointSet.Union(Named("l"), Named("nl"), Named("m"), CodePointSet.FromPairs(0x24B6, 0x24E9, 0x1F130, 0x1F149, 0x1F150, 0x1F169, 0x1F170, 0x1F189)));
        Add("rustword", () => CodePointSet.Union(Named("alpha"), Named("nd"), Named("pc"), CodePointSet.Range(0x200C, 0x200D)));
        Add("word w", () => CodePointSet.Union(Named("alpha"), Named("nd"), Named("pc"), CodePointSet.FromPairs(0xB2, 0xB3, 0xB9, 0xB9, 0xBC, 0xBE)));
        Add("alnum", () => CodePointSet.Union(Named("alpha"), Named("nd")));
        Add("space whitespace", () => Space);
        Add("punct", () => CodePointSet.Union(Named("p"), AsciiPunctuation()));
        Add("upper uppercase", () => Named("lu"));
        Add("lower lowercase", () => Named("ll"));
        Add("xdigit", () => CodePointSet.FromPairs('0', '9', 'a', 'f', 'A', 'F'));
        Add("blank", () => CodePointSet.Union(Named("zs"), CodePointSet.Of('\t')));
        Add("graph", () => CodePointSet.Union(Space, Named("cc"), Named("cn"), Named("cs")).Complement());
        Add("print", () => CodePointSet.Union(CodePointSet.Union(Space, Named("cc"), Named("cn"), Named("cs")).Complement(), Named("zs")));
        Add("ascii", () => CodePointSet.Range(0, 0x7F));
        Add("any", () => CodePointSet.All);
        Add("assigned", () => Named("cn").Complement());
        Add("han", () => CodePointSet.FromPairs(
            0x2E80, 0x2E99, 0x2E9B, 0x2EF3, 0x2F00, 0x2FD5, 0x3005, 0x3005, 0x3007, 0x3007, 0x3021, 0x3029, 0x3038, 0x303B, 0x3400, 0x4DBF,
            0x4E00, 0x9FFF, 0xF900, 0xFA6D, 0xFA70, 0xFAD9, 0x16FE2, 0x16FE3, 0x16FF0, 0x16FF1, 0x20000, 0x2A6DF, 0x2A700, 0x2B739,
            0x2B740, 0x2B81D, 0x2B820, 0x2CEA1, 0x2CEB0, 0x2EBE0, 0x2EBF0, 0x2EE5D, 0x2F800, 0x2FA1D, 0x30000, 0x3134A, 0x31350, 0x323AF));
        Add("hiragana", () => CodePointSet.FromPairs(0x3041, 0x3096, 0x309D, 0x309F, 0x1B001, 0x1B11F, 0x1B132, 0x1B132, 0x1B150, 0x1B152, 0x1F200, 0x1F200));
        Add("katakana", () => CodePointSet.FromPairs(0x30A1, 0x30FA, 0x30FD, 0x30FF, 0x31F0, 0x31FF, 0x32D0, 0x32FE, 0x3300, 0x3357, 0xFF66, 0xFF6F, 0xFF71, 0xFF9D,
            0x1AFF0, 0x1AFF3, 0x1AFF5, 0x1AFFB, 0x1AFFD, 0x1AFFE, 0x1B000, 0x1B000, 0x1B120, 0x1B122, 0x1B155, 0x1B155, 0x1B164, 0x1B167));
        Add("hangul", () => CodePointSet.FromPairs(0x1100, 0x11FF, 0x302E, 0x302F, 0x3131, 0x318E, 0x3200, 0x321E, 0x3260, 0x327E, 0xA960, 0xA97C, 0xAC00, 0xD7A3,
            0xD7B0, 0xD7C6, 0xD7CB, 0xD7FB, 0xFFA0, 0xFFBE, 0xFFC2, 0xFFC7, 0xFFCA, 0xFFCF, 0xFFD2, 0xFFD7, 0xFFDA, 0xFFDC));
        return names;
    }
}
