using System.Diagnostics;
using System.Text;
using CsCheck;
using TokenFactory.Core.Catalog;
using TokenFactory.Core.Definitions;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Core.Tests.Definitions;

public sealed class HostileYamlTests
{
    private static readonly FactoryReaderOptions s_options = new() { Catalog = FigureCatalog.BuiltIn };

    public static IEnumerable<TheoryDataRow<string, string, string>> Texts()
    {
        string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range(0, 12).Select(i =>
            $"{(char)('b' + i)}: &{(char)('b' + i)} [{string.Join(',', Enumerable.Repeat("*" + (char)('a' + i), 9))}]\n"));
        yield return new("alias bomb", bomb, "aliases expanded");
        yield return new("alias to itself", "factory: &a [*a]\n", "no anchor &a above");
        yield return new("deep flow", new string('[', 200_000), "nested deeper");
        yield return new("deep blocks", string.Concat(Enumerable.Range(0, 500).Select(i => new string(' ', i) + "a:\n")), "nested deeper");
        yield return new("huge scalar", "factory: " + new string('x', 500_000), "characters; the longest is");
        yield return new("huge quoted scalar", "factory: \"" + new string('x', 900_000) + "\"", "characters; the longest is");
        yield return new("long text", "factory: f\n#" + new string('x', 1 << 20), "KiB");
        yield return new("many keys", string.Concat(Enumerable.Range(0, 60_000).Select(i => $"k{i}: 1\n")), "more than 20000 values");
        yield return new("many wrong keys", "factory: f\ntiers: [{ name: a }]\n" + string.Concat(Enumerable.Range(0, 9_000).Select(i => $"k{new string('x', 50)}{i}: 1\n")), "9000 mistakes");
        yield return new("many wrong names", "factory: f\nmodels:\n" + string.Concat(Enumerable.Range(0, 2_000).Select(i => $"- name: m{new string('x', 50)}{i}\n"))
            + "tiers:\n" + string.Concat(Enumerable.Range(0, 2_000).Select(i => $"- {{ name: t{i}, model: n{new string('y', 50)}{i} }}\n")), "2000 mistakes");
        yield return new("many open quotes", string.Concat(Enumerable.Repeat("\"", 50_001)), "");
        yield return new("duplicate key", "factory: f\nfactory: g\ntiers: [{ name: a }]\n", "'factory' is here twice; the first is in line 1");
        yield return new("tab", "factory: f\nsite:\n\tpower: 1 GW\n", "definition:3:1: is indented with a tab");
        yield return new("two documents", "factory: f\n---\nfactory: g\n", "second document");
        yield return new("nul", "factory: f\0\n", "U+0000");
        yield return new("terminal escape", "factory: f\u001b[2J\n", "U+001B");
        yield return new("key that is a list", "? [a]\n: b\n", "list or mapping as a key");
        yield return new("empty", "", "is empty");
        yield return new("comment only", "# nothing\n", "is empty");
        yield return new("no mapping", "- a\n", "wants keys such as factory");
        yield return new("unclosed", "factory: [a\n", "is no YAML here");
        yield return new("a text that breaks the scanner", "f:\t94eha|0g±6&8\n[{d6\n\n6g±5||g}[`8-16800]6 {7h", "is no YAML here");
        yield return new("unknown alias", "factory: *x\n", "no anchor &x");
        yield return new("custom tag", "factory: !!python/object:os.system f\ntiers: 1", "wants a list");
    }

    [Theory]
    [MemberData(nameof(Texts), DisableDiscoveryEnumeration = true)]
    public void Hostile_text_is_refused_with_its_reason(string name, string yaml, string reason)
    {
        var watch = Stopwatch.StartNew();
        DefinitionException e = Assert.Throws<DefinitionException>(() => FactoryReader.Read(yaml, null, s_options));
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {watch.ElapsedMilliseconds} ms");
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        Assert.All(e.Problems, p => Assert.True(p.Line >= 1 && p.Column >= 1, name));
        Assert.True(e.Message.Length < 20_000, $"{name}: the message has {e.Message.Length} characters");
    }

    public static IEnumerable<TheoryDataRow<string, byte[], string, int, int>> Files()
    {
        const string Text = "factory: f\ntiers: [{ name: größe }]\n";
        yield return new("UTF-16 LE", [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes(Text)], "UTF-16", 1, 1);
        yield return new("UTF-16 BE", [.. Encoding.BigEndianUnicode.GetPreamble(), .. Encoding.BigEndianUnicode.GetBytes(Text)], "UTF-16", 1, 1);
        yield return new("UTF-16 without mark", Encoding.Unicode.GetBytes(Text), "byte 0x00", 1, 2);
        yield return new("Latin-1", Encoding.Latin1.GetBytes(Text), "byte 0xF6 is no UTF-8", 2, 19);
        yield return new("cut in a character", [.. "factory: f\xC3"u8[..^1]], "byte 0xC3", 1, 11);
        yield return new("binary", [0x89, 0x50, 0x4E, 0x47, 0, 1, 2, 3], "byte 0x89", 1, 1);
        yield return new("too large", new byte[2 << 20], "a definition has at most", 1, 1);
    }

    [Theory]
    [MemberData(nameof(Files), DisableDiscoveryEnumeration = true)]
    public void Files_that_are_no_text_are_refused_with_the_place(string name, byte[] bytes, string reason, int line, int column)
    {
        string path = Path.Join(Path.GetTempPath(), $"tokenfactory-{Guid.NewGuid():N}.yaml");
        File.WriteAllBytes(path, bytes);
        try
        {
            DefinitionException e = Assert.Throws<DefinitionException>(() => FactoryReader.ReadFile(path, s_options));
            Assert.Contains(reason, e.Message, StringComparison.Ordinal);
            Assert.Equal((name, line, column), (name, e.Problems[0].Line, e.Problems[0].Column));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void An_escape_written_in_quotes_never_reaches_the_terminal()
    {
        DefinitionException e = Assert.Throws<DefinitionException>(() => FactoryReader.Read("factory: \"f\\e[2J\"\n\"ti\\eers\": 1\ntiers: [{ name: a }]\n", null, s_options));
        Assert.Equal(2, e.Problems.Count);
        Assert.DoesNotContain('\u001b', e.Message);
    }

    [Fact]
    public void A_byte_order_mark_of_UTF8_is_fine()
    {
        string path = Path.Join(Path.GetTempPath(), $"tokenfactory-{Guid.NewGuid():N}.yaml");
        File.WriteAllText(path, "factory: f\ntiers: [{ name: größe }]\n", new UTF8Encoding(true));
        try
        {
            Assert.Equal("größe", FactoryReader.ReadFile(path, s_options).Tiers[0].Name);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_missing_file_says_what_to_do() =>
        Assert.Equal("DefinitionNotFound", Assert.Throws<TokenFactoryException>(() => FactoryReader.ReadFile(Path.Join(Path.GetTempPath(), "no", "such.yaml"))).ErrorId);

    [Fact]
    public void Honest_aliases_work() =>
        Assert.Equal(2d, FactoryReader.Read("factory: f\ntiers:\n- { name: a, price: &p { output: 2 USD/Mtok } }\n- { name: b, price: *p }\n", null, s_options).Tiers[1].Price.OutputPerMillionTokens!.Value.Value);

    /// <summary>TOKENFACTORY_DEFINITION_ITERATIONS raises the number of random texts.</summary>
    [Fact]
    public void No_text_crashes_the_reader()
    {
        int iterations = int.TryParse(Environment.GetEnvironmentVariable("TOKENFACTORY_DEFINITION_ITERATIONS"), out int wanted) ? wanted : 1_500;
        Gen.Select(Mutation.Text, Gen.String[Gen.Char["\n\t :-[]{}&*!|>'\"%@`#,?abcdefgh0123456789\u00b1\0\ufeff"], 0, 60], Gen.Int[0, 9])
            .SampleRepeatably((mutated, random, which) =>
            {
                foreach (DefinitionProblem p in FactoryReader.Check(which == 0 ? random : mutated, s_options))
                {
                    Assert.True(p.Line >= 1 && p.Column >= 1 && p.Message.Length > 0);
                }
            }, iter: iterations);
    }
}
