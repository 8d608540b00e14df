using TokenFactory.Core;
using TokenFactory.Inference.Text;

namespace TokenFactory.Inference.Engine;

/// <summary>Turns prompts and conversations into a model's tokens. Safe for concurrent use.</summary>
public sealed class PromptComposer
{
    private readonly string _model;
    private readonly Tokenizer _tokenizer;
    private readonly ChatTemplate? _template;

    /// <summary>Creates a composer.</summary>
    /// <param name="engine">The model.</param>
    /// <exception cref="TokenFactoryException"><c>TokenizerNotFound</c>, <c>ChatTemplateInvalid</c>.</exception>
    public PromptComposer(InferenceEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _model = engine.Model.Name;
        _tokenizer = engine.Tokenizer ?? throw new TokenFactoryException("TokenizerNotFound", FailureKind.NotFound,
            $"The model {_model} has no tokenizer.json. Put the one it was trained with into {engine.Model.Path}.", engine.Model.Path);
        _template = engine.Model.ChatTemplate is { } source ? ChatTemplate.Parse(source) : null;
    }

    /// <summary>True when the model has a chat template.</summary>
    public bool HasTemplate => _template is not null;

    /// <summary>The tokens of a text as it stands, with the special tokens around it that the model was trained with.</summary>
    /// <param name="text">The text.</param>
    public int[] Raw(string text) => _tokenizer.EncodeToIds(text);

    /// <summary>The tokens of a conversation in the model's own form, up to where the assistant is to speak.</summary>
    /// <param name="messages">The messages, oldest first.</param>
    /// <param name="tools">Tool definitions; empty for none.</param>
    /// <param name="cancellationToken">Stops the rendering.</param>
    /// <exception cref="TokenFactoryException"><c>ChatTemplateNotFound</c>, <c>ChatTemplateRefused</c>, <c>ChatTemplateFailed</c>, <c>ChatTemplateLimit</c>.</exception>
    public int[] Chat(IReadOnlyList<ChatMessage> messages, IReadOnlyList<object?> tools, CancellationToken cancellationToken = default)
    {
        if (_template is null)
        {
            throw new TokenFactoryException("ChatTemplateNotFound", FailureKind.NotFound,
                $"The model {_model} has no chat template, so it takes no system message, messages or tools. Give a plain text as the prompt.", _model);
        }

        TokenizerSettings settings = _tokenizer.Settings;
        var extra = new Dictionary<string, object?>();
        foreach ((string name, string? token) in new[] { ("bos_token", settings.BosToken), ("eos_token", settings.EosToken), ("unk_token", settings.UnkToken), ("pad_token", settings.PadToken) })
        {
            if (token is not null)
            {
                extra[name] = token;
            }
        }

        // The template writes the special tokens itself.
        return _tokenizer.EncodeToIds(_template.Render(messages, tools, addGenerationPrompt: true, extra, cancellationToken), addSpecialTokens: false);
    }
}
