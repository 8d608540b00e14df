using System.Text.Json;
using TokenFactory.Inference.Text;
using Xunit;

namespace TokenFactory.Inference.Tests.Text;

/// <summary>The language bit by bit: what Python's Jinja 3.1.6 made of each snippet, in the sandbox and with the settings of transformers.</summary>
public sealed class ChatTemplateLanguageTests
{
    private static readonly string s_data = Path.Combine(AppContext.BaseDirectory, "data", "templates");

    [Fact]
    public void Snippets_give_what_Python_gives()
    {
        Dictionary<string, object?> variables = [];
        foreach (JsonProperty variable in JsonDocument.Parse(File.ReadAllText(Path.Combine(s_data, "variables.json"))).RootElement.EnumerateObject())
        {
            variables[variable.Name] = variable.Value;
        }

        var wrong = new List<string>();
        string[] lines = File.ReadAllLines(Path.Combine(s_data, "language.jsonl"));
        foreach (string line in lines)
        {
            JsonElement item = JsonDocument.Parse(line).RootElement;
            string template = item.GetProperty("template").GetString()!;
            bool refuses = item.TryGetProperty("error", out JsonElement error);
            string expected = refuses ? error.GetString()! : item.GetProperty("expected").GetString()!;
            string actual;
            bool failed = false;
            try
            {
                actual = ChatTemplate.Parse(template).Render(variables);
            }
            catch (ChatTemplateException e)
            {
                failed = true;
                actual = e.TemplateMessage;
            }

            // A refusal must be one; its words are the language's where a template's author reads them.
            if (failed != refuses || (!refuses && actual != expected))
            {
                wrong.Add($"{JsonSerializer.Serialize(template)}\n   expected {(refuses ? "failure " : "")}{JsonSerializer.Serialize(expected)}\n        got {(failed ? "failure " : "")}{JsonSerializer.Serialize(actual)}");
            }
            else if (refuses && actual != expected)
            {
                TestContext.Current.SendDiagnosticMessage($"{template}: '{actual}' for '{expected}'");
            }
        }

        Assert.True(lines.Length > 300, "the snippets are missing");
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {lines.Length} differ:\n{string.Join('\n', wrong)}");
    }
}
