namespace TokenFactory.Core;

/// <summary>What kind of thing went wrong, so that a shell can sort errors without reading their text.</summary>
public enum FailureKind
{
    /// <summary>What was given can't be used: a malformed file, a value out of range.</summary>
    InvalidInput,

    /// <summary>What was named does not exist.</summary>
    NotFound,

    /// <summary>The system refuses access.</summary>
    PermissionDenied,

    /// <summary>Memory, disk or another resource does not suffice.</summary>
    ResourceUnavailable,

    /// <summary>This machine lacks something that the request needs.</summary>
    NotSupported,

    /// <summary>A device, a file or another program failed while it was used.</summary>
    OperationFailed,

    /// <summary>Something did not answer in time.</summary>
    Timeout,
}

/// <summary>A failure that a user can understand and act on. Every failure this project raises on purpose derives from it.</summary>
/// <remarks>
/// <see cref="ErrorId"/> is stable PascalCase and part of the public contract; the message says what is wrong and ends with what
/// to do next.
/// </remarks>
public class TokenFactoryException : Exception
{
    /// <summary>Creates a failure.</summary>
    /// <param name="errorId">Stable id in PascalCase, for example <c>ModelFolderNotFound</c>.</param>
    /// <param name="kind">The kind of failure.</param>
    /// <param name="message">What is wrong and what to do next.</param>
    /// <param name="target">The thing that it is about: a path, a name.</param>
    /// <param name="innerException">The cause.</param>
    public TokenFactoryException(string errorId, FailureKind kind, string message, object? target = null, Exception? innerException = null)
        : base(message, innerException)
    {
        ErrorId = errorId;
        Kind = kind;
        Target = target;
    }

    /// <summary>Stable id in PascalCase.</summary>
    public string ErrorId { get; }

    /// <summary>The kind of failure.</summary>
    public FailureKind Kind { get; }

    /// <summary>The thing that it is about: a path, a name; null when there is none.</summary>
    public object? Target { get; }
}
