using TokenFactory.Inference.Text;

namespace TokenFactory.Fuzz;

/// <summary>Mutated files beside a tokenizer.json.</summary>
public sealed class SettingsKind : IFuzzKind
{
    private static readonly (string File, string Text)[] s_seeds =
    [
        ("tokenizer_config.json", """
            {"bos_token":"<s>","eos_token":{"content":"</s>","lstrip":false},"unk_token":null,"pad_token":"<pad>","model_max_length":4096,"added_tokens_decoder":{"2":{"content":"</s>"},"0":{"content":"<unk>","special":true}},
             "chat_template":[{"name":"default","template":"{{ messages }}"},{"name":"tool_use","template":"{% for m in messages %}{{ m.role }}{% endfor %}"}]}
            """),
        ("tokenizer_config.json", """{"bos_token":"<s>","eos_token":"</s>","chat_template":"{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"}"""),
        ("special_tokens_map.json", """{"bos_token":{"content":"<s>","lstrip":false,"normalized":false},"eos_token":"</s>","unk_token":"[UNK]","additional_special_tokens":["<a>","<b>"]}"""),
        ("chat_template.jinja", HostileTemplates.Seeds[0]),
    ];

    private readonly string _folder;

    /// <summary>Writes a folder.</summary>
    public SettingsKind(string root)
    {
        _folder = root;
        File.WriteAllText(Path.Combine(root, "tokenizer.json"), MadeTokenizers.All["wordlevel"]);
    }

    /// <inheritdoc/>
    public void Prepare(int number)
    {
        foreach ((string name, _) in s_seeds)
        {
            File.Delete(Path.Combine(_folder, name));
        }

        (string file, string text) = s_seeds[number % s_seeds.Length];
        string path = Path.Combine(_folder, file);
        switch (file.EndsWith(".jinja", StringComparison.Ordinal) ? 0 : number / s_seeds.Length % 3)
        {
            case 0:
                File.WriteAllText(path, new Mutator(number).Mutate(text));
                break;
            case 1:
                File.WriteAllText(path, new JsonMutator(number).Mutate(text));
                break;
            default:
                File.WriteAllBytes(path, TextMutator.Mutate(System.Text.Encoding.UTF8.GetBytes(text), number));
                break;
        }
    }

    /// <inheritdoc/>
    public string Run(Action running)
    {
        Tokenizer tokenizer = Tokenizer.Load(_folder);
        _ = tokenizer.BosId + tokenizer.EosId;
        return tokenizer.Settings.ChatTemplate is { } template ? TemplateKind.Render(template) : "worked";
    }
}
