using System.Globalization;
using System.Text.RegularExpressions;
using TokenFactory.Measurement.Load;
using Xunit;

namespace TokenFactory.Measurement.Tests.Http;

/// <summary>A stream as a server sends it, written for these tests after the server's source or documentation, with what is to be counted in it.</summary>
internal sealed class StreamFixture
{
    private readonly string _head;

    private StreamFixture(string head, string body) => (_head, Body) = (head, body);

    public string Body { get; }

    public bool HasEndMark => Body.Contains("[DONE]", StringComparison.Ordinal);

    public FailureReason? Failure => Fact("failure") is { Length: > 0 } name ? Enum.Parse<FailureReason>(name) : null;

    public string Api => Fact("api") is { Length: > 0 } api ? api : "chat";

    public string Says => Regex.Match(_head, @"\bsays=(.*)", RegexOptions.CultureInvariant).Groups[1].Value.Trim();

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Http", "Streams");

    public static TheoryData<string> Names() => [.. Directory.GetFiles(Folder, "*.txt").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    public static StreamFixture Read(string name)
    {
        string text = File.ReadAllText(Path.Combine(Folder, name)).ReplaceLineEndings("\n");
        string head = text[..HeadLength(text)];
        var fixture = new StreamFixture(head, text[head.Length..]);
        return fixture.Fact("eol") == "crlf" ? new StreamFixture(head, fixture.Body.ReplaceLineEndings("\r\n")) : fixture;
    }

    public void AssertCounts(RequestTrace trace)
    {
        Assert.Equal(Number("output"), trace.OutputTokens);
        Assert.Equal(Number("input"), trace.InputTokens);
        Assert.Equal(Number("cached"), trace.CachedTokens);
        Assert.Equal(Fact("finish"), trace.FinishReason ?? "");
        Assert.Equal(Number("fragments") ?? Number("output"), trace.FragmentCount);
    }

    private static int HeadLength(string text)
    {
        int at = 0;
        while (text[at] == '#')
        {
            at = text.IndexOf('\n', at) + 1;
        }

        return at;
    }

    private string Fact(string name) => Regex.Match(_head, $@"\b{name}=(\w*)", RegexOptions.CultureInvariant).Groups[1].Value;

    private int? Number(string name) => Fact(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
