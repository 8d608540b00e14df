namespace TokenFactory.Inference.Text;

/// <summary>What the files beside tokenizer.json say: tokenizer_config.json, special_tokens_map.json, chat_template.jinja.</summary>
public sealed record TokenizerSettings
{
    /// <summary>The token that begins a text; null when none is named.</summary>
    public string? BosToken { get; init; }

    /// <summary>The token that ends a text; null when none is named.</summary>
    public string? EosToken { get; init; }

    /// <summary>The token for what is unknown; null when none is named.</summary>
    public string? UnkToken { get; init; }

    /// <summary>The token that fills a batch; null when none is named.</summary>
    public string? PadToken { get; init; }

    /// <summary>The chat template's source, the default one when there are several; null when there is none.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Named chat templates, <c>default</c> among them; empty when there is one at most.</summary>
    public IReadOnlyDictionary<string, string> ChatTemplates { get; init; } = new Dictionary<string, string>();

    /// <summary>The longest context in tokens that the files name; null when they name none or an absurd one.</summary>
    public int? ModelMaxLength { get; init; }
}
