using System.Text.Json;
using TokenFactory.Inference.Text;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Inference.Tests.Text;

/// <summary>Every published template with every context that Python's Jinja rendered or refused, byte for byte.</summary>
public sealed class ChatTemplateReferenceTests
{
    [Theory]
    [InlineData("templates", 259)]
    [InlineData("templates-jinja2-only", 31)]
    public void Templates_render_byte_for_byte(string folder, int count)
    {
        var wrong = new List<string>();
        string[] cases = Directory.GetDirectories(TestData.Require($"tokenizers/{folder}"));
        foreach (string path in cases)
        {
            string expected = File.ReadAllText(Path.Combine(path, "expected.txt"));
            string actual;
            try
            {
                actual = Render(path);
            }
            catch (ChatTemplateException e)
            {
                actual = e.Message;
            }

            if (expected != actual)
            {
                int at = expected.Zip(actual).TakeWhile(p => p.First == p.Second).Count();
                wrong.Add($"{Path.GetFileName(path)} at {at}:\n expected …{Excerpt(expected, at)}\n      got …{Excerpt(actual, at)}");
            }
        }

        Assert.Equal(count, cases.Length);
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {cases.Length} differ:\n{string.Join('\n', wrong.Take(15))}");
    }

    [Fact]
    public void Templates_refuse_with_their_own_words()
    {
        string[] cases = Directory.GetDirectories(TestData.Require("tokenizers/templates-errors"));
        foreach (string path in cases)
        {
            var failure = Assert.Throws<ChatTemplateException>(() => Render(path));
            Assert.Equal(File.ReadAllText(Path.Combine(path, "expected_error.txt")).TrimEnd('\n'), failure.TemplateMessage);
            Assert.Contains(failure.TemplateMessage, failure.Message, StringComparison.Ordinal);
            Assert.Equal(failure.TemplateMessage.StartsWith("access to attribute", StringComparison.Ordinal) ? "ChatTemplateFailed" : "ChatTemplateRefused", failure.ErrorId);
        }

        Assert.Equal(19, cases.Length);
    }

    private static string Render(string folder)
    {
        ChatTemplate template = ChatTemplate.Parse(File.ReadAllText(Path.Combine(folder, "template.jinja")), clock: new FixedClock());
        var variables = new Dictionary<string, object?>();
        foreach (JsonProperty variable in JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "context.json"))).RootElement.EnumerateObject())
        {
            variables[variable.Name] = variable.Value;
        }

        return template.Render(variables, TestContext.Current.CancellationToken);
    }

    private sealed class FixedClock : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(2026, 1, 15, 12, 34, 56, TimeSpan.Zero);
    }

    private static string Excerpt(string text, int at) =>
        text.Substring(Math.Max(0, at - 60), Math.Min(text.Length - Math.Max(0, at - 60), 160)).Replace("\n", "\\n", StringComparison.Ordinal);
}
