using TokenFactory.Inference.Text.Templates;

namespace TokenFactory.Inference.Text;

/// <summary>A chat template: the Jinja program by which a model wants its conversations written.</summary>
/// <remarks>
/// Renders as Hugging Face's transformers does (Jinja's immutable sandbox with <c>trim_blocks</c>, <c>lstrip_blocks</c>, loop controls and generation blocks;
/// <c>tojson</c>, <c>raise_exception</c> and <c>strftime_now</c>), byte for byte. Nothing of the machine is in a template's reach, and steps,
/// output and recursion are bounded. Immutable and safe for concurrent use.
/// </remarks>
public sealed class ChatTemplate
{
    private readonly IReadOnlyList<Statement> _body;

    private ChatTemplate(string source, IReadOnlyList<Statement> body, ChatTemplateLimits limits, TimeProvider clock)
    {
        Source = source;
        _body = body;
        Limits = limits;
        Clock = clock;
    }

    /// <summary>The template's text.</summary>
    public string Source { get; }

    /// <summary>How far a rendering may run.</summary>
    public ChatTemplateLimits Limits { get; }

    /// <summary>The clock that <c>strftime_now</c> reads: local time.</summary>
    public TimeProvider Clock { get; }

    /// <summary>Reads a template.</summary>
    /// <param name="template">The template's text.</param>
    /// <param name="limits">How far a rendering may run; null for the defaults.</param>
    /// <param name="clock">The clock that <c>strftime_now</c> reads; null for the system's.</param>
    /// <exception cref="ChatTemplateException"><c>ChatTemplateInvalid</c>: it is malformed.</exception>
    public static ChatTemplate Parse(string template, ChatTemplateLimits? limits = null, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(template);
        return new ChatTemplate(template, TemplateParser.Parse(template), limits ?? new ChatTemplateLimits(), clock ?? TimeProvider.System);
    }

    /// <summary>Renders with exactly these variables.</summary>
    /// <param name="variables">Texts, numbers, Booleans, null, lists, dictionaries with text keys, JSON elements.</param>
    /// <param name="cancellationToken">Stops the rendering.</param>
    /// <exception cref="ChatTemplateException"><c>ChatTemplateRefused</c>, <c>ChatTemplateFailed</c> or <c>ChatTemplateLimit</c>.</exception>
    public string Render(IReadOnlyDictionary<string, object?> variables, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(variables);
        return new RenderContext(Limits, Clock, cancellationToken).Render(_body, variables);
    }

    /// <summary>Renders a conversation.</summary>
    /// <param name="messages">The messages, oldest first.</param>
    /// <param name="tools">Tool definitions for the template; null or empty for none.</param>
    /// <param name="addGenerationPrompt">True to end where the assistant is to speak.</param>
    /// <param name="extra">Further variables, such as <c>bos_token</c> or <c>enable_thinking</c>.</param>
    /// <param name="cancellationToken">Stops the rendering.</param>
    /// <exception cref="ChatTemplateException"><c>ChatTemplateRefused</c>, <c>ChatTemplateFailed</c> or <c>ChatTemplateLimit</c>.</exception>
    public string Render(
        IReadOnlyList<ChatMessage> messages, IReadOnlyList<object?>? tools = null, bool addGenerationPrompt = true,
        IReadOnlyDictionary<string, object?>? extra = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var variables = new Dictionary<string, object?>
        {
            ["messages"] = messages.Select(m => (object?)m.ToVariables()).ToList(),
            ["tools"] = tools is { Count: > 0 } ? tools : null,
            ["documents"] = null,
            ["add_generation_prompt"] = addGenerationPrompt,
        };
        foreach ((string name, object? value) in extra ?? new Dictionary<string, object?>())
        {
            variables[name] = value;
        }

        return Render(variables, cancellationToken);
    }
}
