using TokenFactory.Inference.Text;

namespace TokenFactory.Fuzz;

/// <summary>Mutated chat templates, those that try to run away among them.</summary>
public sealed class TemplateKind : IFuzzKind
{
    private string _template = "";

    /// <inheritdoc/>
    public void Prepare(int number)
    {
        int seeds = HostileTemplates.Seeds.Count;
        string seed = number % 8 == 7 ? HostileTemplates.Bombs[number / 8 % HostileTemplates.Bombs.Count] : HostileTemplates.Seeds[number % seeds];
        _template = new Mutator(number).Mutate(seed);
    }

    /// <inheritdoc/>
    public string Run(Action running) => Render(_template);

    /// <summary>Renders a template for a small conversation.</summary>
    public static string Render(string template)
    {
        object?[] messages =
        [
            new Dictionary<string, object?> { ["role"] = "user", ["content"] = "Hello, how are you?" },
            new Dictionary<string, object?> { ["role"] = "assistant", ["content"] = null, ["tool_calls"] = new object?[] { new Dictionary<string, object?> { ["name"] = "f", ["arguments"] = new Dictionary<string, object?> { ["x"] = 1, ["y"] = 2.5 } } } },
        ];
        string text = ChatTemplate.Parse(template).Render(new Dictionary<string, object?>
        {
            ["messages"] = messages, ["tools"] = null, ["add_generation_prompt"] = true, ["bos_token"] = "<s>", ["eos_token"] = "</s>",
        });
        return text.Length <= 64_000_000 ? "worked" : throw new InvalidOperationException("the text grows without bounds");
    }
}
