using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CsCheck;
using NJsonSchema;
using TokenFactory.Core.Catalog;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Definitions.Reading;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Core.Tests.Definitions;

public sealed partial class SchemaTests
{
    private static readonly FactoryReaderOptions s_options = new() { Catalog = FigureCatalog.BuiltIn };

    /// <summary>With TOKENFACTORY_UPDATE=1 this test writes the file instead.</summary>
    [Fact]
    public void The_shipped_schema_is_the_readers()
    {
        string path = Path.Join(TestData.RepositoryRoot, "module", "TokenFactory.Tools", "schemas", "factory.schema.json");
        if (Environment.GetEnvironmentVariable("TOKENFACTORY_UPDATE") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, FactorySchema.Text);
        }

        Assert.True(File.ReadAllText(path).ReplaceLineEndings("\n") == FactorySchema.Text, "The schema is not the reader's: run this test with TOKENFACTORY_UPDATE=1 and commit the file.");
    }

    /// <summary>With TOKENFACTORY_UPDATE=1 this test writes the tables instead.</summary>
    [Fact]
    public void The_documents_list_every_key()
    {
        string table = "| key | takes | what it is |\n|---|---|---|\n" + string.Concat(FactoryKeys.All.Select(k =>
            $"| `{k.Path}`{(k.Required ? " (required)" : "")} | {k.Takes} | {k.Description} |\n"));
        HoldSection(Path.Join(TestData.RepositoryRoot, "docs", "factory-definition.md"), table);

        string list = string.Concat(FactoryKeys.All.Where(k => !k.Path.Contains("sources.", StringComparison.Ordinal)).Select(k =>
            $"    {k.Path}{(k.Required ? " (required)" : "")}\n        {k.Description}\n"));
        HoldSection(Path.Join(TestData.RepositoryRoot, "module", "TokenFactory.Tools", "en-US", "about_TokenFactory_Definition.help.txt"), list);
    }

    private static void HoldSection(string path, string section)
    {
        string text = File.ReadAllText(path).ReplaceLineEndings("\n");
        Match match = KeySection().Match(text);
        Assert.True(match.Success, path);
        if (Environment.GetEnvironmentVariable("TOKENFACTORY_UPDATE") == "1")
        {
            File.WriteAllText(path, text[..match.Groups[2].Index] + section + text[(match.Groups[2].Index + match.Groups[2].Length)..]);
            return;
        }

        Assert.True(match.Groups[2].Value == section, $"{path} does not list the reader's keys: run this test with TOKENFACTORY_UPDATE=1 and commit the file.");
    }

    [GeneratedRegex(@"(<!-- keys[^\n]*\n|  KEYS\n)(.*?)(?=<!-- end of keys|\nSEE ALSO)", RegexOptions.Singleline)]
    private static partial Regex KeySection();

    public static TheoryData<string> Examples => [.. Directory.GetFiles(Path.Join(TestData.RepositoryRoot, "examples"), "*.yaml").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Every_example_holds_against_the_shipped_schema(string name)
    {
        string folder = Path.Join(TestData.RepositoryRoot, "module", "TokenFactory.Tools", "schemas");
        JsonSchema schema = await JsonSchema.FromFileAsync(Path.Join(folder, "factory.schema.json"), TestContext.Current.CancellationToken);
        string path = Path.Join(TestData.RepositoryRoot, "examples", name), text = File.ReadAllText(path);
        Assert.Empty(schema.Validate(ToJson(text)!));

        // What an editor is pointed at must be that schema.
        Match line = SchemaLine().Match(text);
        Assert.True(line.Success, $"{name} names no schema for editors");
        Assert.Equal(Path.GetFullPath(Path.Join(folder, "factory.schema.json")), Path.GetFullPath(Path.Join(Path.GetDirectoryName(path), line.Groups[1].Value)));
    }

    [GeneratedRegex(@"yaml-language-server: \$schema=(\S+)")]
    private static partial Regex SchemaLine();

    [Fact]
    public async Task Schema_and_reader_accept_and_refuse_the_same_thousand_files()
    {
        JsonSchema schema = await JsonSchema.FromJsonAsync(FactorySchema.Text, TestContext.Current.CancellationToken);
        Assert.Empty(schema.Validate(ToJson(FullDefinition.Yaml)!));
        int accepted = 0, refused = 0, meaning = 0;
        Mutation.Text.Where(t => ToJson(t) is not null).SampleRepeatably(text =>
        {
            IReadOnlyList<DefinitionProblem> problems = FactoryReader.Check(text, s_options);
            bool reader = problems.All(p => p.Kind == DefinitionProblemKind.Meaning);
            ICollection<NJsonSchema.Validation.ValidationError> errors = schema.Validate(ToJson(text)!);
            Assert.True(reader == (errors.Count == 0),
                $"The reader {(reader ? "accepts" : "refuses")}, the schema does not.\n{string.Join('\n', problems)}\n{string.Join('\n', errors)}\n{text}");
            Interlocked.Increment(ref reader ? ref accepted : ref refused);
            if (reader && problems.Count > 0)
            {
                Interlocked.Increment(ref meaning);
            }
        }, iter: 1_200);
        TestContext.Current.TestOutputHelper?.WriteLine($"{accepted} accepted, of which {meaning} are refused for their meaning; {refused} refused");
        Assert.True(accepted >= 120 && refused >= 500, $"{accepted} accepted, {refused} refused: too one-sided to prove anything");
    }

    [Fact]
    public void Every_key_has_a_description()
    {
        using var schema = JsonDocument.Parse(FactorySchema.Text);
        foreach (JsonProperty definition in schema.RootElement.GetProperty("definitions").EnumerateObject())
        {
            foreach (JsonProperty key in definition.Value.GetProperty("properties").EnumerateObject())
            {
                Assert.False(string.IsNullOrEmpty(key.Value.GetProperty("description").GetString()), $"{definition.Name}.{key.Name}");
            }
        }
    }

    // What an editor sees: YAML 1.2's core schema, read apart from the reader's own rules. Null when JSON can't say it.
    private static string? ToJson(string yaml)
    {
        List<DefinitionProblem> problems = [];
        Node? node = NodeReader.Read(new SourceText("t", yaml), problems);
        try
        {
            return node is null || problems.Count > 0 ? null : ToJson(node)?.ToJsonString() ?? "null";
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }

    private static JsonNode? ToJson(Node node)
    {
        switch (node)
        {
            case MappingNode mapping:
                return new JsonObject(mapping.Entries.Select(e => KeyValuePair.Create(e.Key.Text, ToJson(e.Value))));
            case SequenceNode sequence:
                return new JsonArray([.. sequence.Items.Select(ToJson)]);
        }

        var scalar = (ScalarNode)node;
        string text = scalar.Text;
        if (!scalar.IsPlain)
        {
            return JsonValue.Create(text);
        }

        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" => JsonValue.Create(true),
            "false" or "False" or "FALSE" => JsonValue.Create(false),
            _ when Hex().IsMatch(text) => JsonValue.Create(Convert.ToInt64(text, 16)),
            _ when Whole().IsMatch(text) => JsonNode.Parse(text.TrimStart('+') is { } digits && digits.TrimStart('-').TrimStart('0') is { Length: > 0 } significant
                ? (digits[0] == '-' ? "-" : "") + significant : "0"),
            _ when Decimal().IsMatch(text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture) is var number && double.IsFinite(number)
                ? JsonNode.Parse(Math.Abs(number) < 1e15 && number == Math.Floor(number) ? $"{number:0}.0" : number.ToString("R", System.Globalization.CultureInfo.InvariantCulture))
                : throw new NotSupportedException(),
            _ => JsonValue.Create(text),
        };
    }

    [GeneratedRegex(@"^0x[0-9a-fA-F]+\z")]
    private static partial Regex Hex();

    [GeneratedRegex(@"^[-+]?[0-9]+\z")]
    private static partial Regex Whole();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z")]
    private static partial Regex Decimal();
}
