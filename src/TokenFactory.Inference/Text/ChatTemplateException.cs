using System.Globalization;
using TokenFactory.Core;

namespace TokenFactory.Inference.Text;

/// <summary>A chat template is malformed, refuses a conversation, fails on it, or runs beyond its bounds.</summary>
/// <remarks>Error ids: <c>ChatTemplateInvalid</c>, <c>ChatTemplateRefused</c>, <c>ChatTemplateFailed</c>, <c>ChatTemplateLimit</c>.</remarks>
public sealed class ChatTemplateException : TokenFactoryException
{
    private ChatTemplateException(string errorId, FailureKind kind, string message, string templateMessage)
        : base(errorId, kind, message) => TemplateMessage = templateMessage;

    /// <summary>What the template or its language said, without anything added: for a refusal the template's own words.</summary>
    public string TemplateMessage { get; }

    internal static ChatTemplateException Invalid(string what, int line) => new("ChatTemplateInvalid", FailureKind.InvalidInput,
        $"The chat template is malformed on line {line.ToString(CultureInfo.InvariantCulture)}: {what}. Get it again from where the model came from.", what);

    internal static ChatTemplateException Refused(string words) => new("ChatTemplateRefused", FailureKind.InvalidInput,
        $"The model's chat template refuses these messages: {words}", words);

    internal static ChatTemplateException Failed(string detail) => Describe(detail.Length <= 600 ? detail : string.Concat(detail.AsSpan(0, 600), "…"));

    private static ChatTemplateException Describe(string what) => new("ChatTemplateFailed", FailureKind.OperationFailed,
        $"The chat template failed on these messages: {what}. Check the messages' fields, or give another template.", what);

    internal static ChatTemplateException Limit(string what) => new("ChatTemplateLimit", FailureKind.ResourceUnavailable,
        $"The chat template was stopped: {what}. Give fewer messages or another template.", what);
}
