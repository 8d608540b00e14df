using TokenFactory.Core;

namespace TokenFactory.Inference.Text;

/// <summary>A tokenizer.json can't be found, read or used.</summary>
/// <remarks>Error ids: <c>TokenizerNotFound</c>, <c>TokenizerInvalid</c>, <c>TokenizerUnsupported</c>, <c>TokenizerUnknownToken</c>.</remarks>
public sealed class TokenizerException : TokenFactoryException
{
    private const int MessageLimit = 600;

    private TokenizerException(string errorId, FailureKind kind, string message, object? target, Exception? innerException)
        : base(errorId, kind, message, target, innerException)
    {
    }

    internal static TokenizerException NotFound(string path) => new("TokenizerNotFound", FailureKind.NotFound,
        $"There is no tokenizer.json at '{path}'. Give a folder that has one, or the file itself.", path, null);

    internal static TokenizerException Invalid(string message, object? target = null, Exception? innerException = null) =>
        new("TokenizerInvalid", FailureKind.InvalidInput, Short(message), target, innerException);

    internal static TokenizerException Unsupported(string what, object? target = null) => new("TokenizerUnsupported", FailureKind.NotSupported,
        $"The tokenizer.json uses {Short(what)}, which isn't supported. Use a model whose tokenizer does without it.", target, null);

    internal static TokenizerException UnknownToken(string what) => new("TokenizerUnknownToken", FailureKind.InvalidInput,
        $"The text has {what} that the vocabulary lacks, and the vocabulary has no unknown token. Use another text or model.", null, null);

    /// <summary>An id that the vocabulary lacks: <c>TokenizerUnknownToken</c>.</summary>
    /// <param name="id">The id.</param>
    /// <param name="vocabularySize">How many tokens there are.</param>
    public static TokenizerException UnknownId(int id, int vocabularySize) => new("TokenizerUnknownToken", FailureKind.InvalidInput,
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"The vocabulary has no token {id}; it has {vocabularySize}. Give ids of the same model."), id, null);

    // A hostile file's contents must not fill the screen.
    private static string Short(string message) => message.Length <= MessageLimit ? message : string.Concat(message.AsSpan(0, MessageLimit), "…");

    internal TokenizerException WithTarget(object target) => new(ErrorId, Kind, Message, Target ?? target, InnerException);
}
