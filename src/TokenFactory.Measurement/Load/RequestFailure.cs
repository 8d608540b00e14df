namespace TokenFactory.Measurement.Load;

/// <summary>Why a request counts as failed.</summary>
public enum FailureReason
{
    /// <summary>No connection to the server could be made.</summary>
    ConnectionFailed,

    /// <summary>The connection broke before the stream ended.</summary>
    ConnectionLost,

    /// <summary>The server answered with a status other than success.</summary>
    HttpStatus,

    /// <summary>The server answered with success but not with a stream of events.</summary>
    NotStreamed,

    /// <summary>An error came inside a stream that began with success.</summary>
    StreamError,

    /// <summary>The stream stopped without a finish reason or an end mark.</summary>
    StreamTruncated,

    /// <summary>The stream ended well, but with usage alone: no fragment had any output.</summary>
    NoOutput,

    /// <summary>Something came that is not the protocol.</summary>
    MalformedStream,

    /// <summary>It took longer than a request may.</summary>
    Timeout,

    /// <summary>The engine refused the request or failed on it.</summary>
    EngineError,
}

/// <summary>A failed request's reason and what the server or the system said.</summary>
/// <param name="Reason">The reason.</param>
/// <param name="Message">One line, at most 300 characters, without secrets.</param>
/// <param name="Status">The HTTP status when that is what failed.</param>
public sealed record RequestFailure(FailureReason Reason, string Message, int? Status = null)
{
    /// <summary>The reason as counted: with the status when there is one, <c>HttpStatus 429</c>.</summary>
    public string Key => Status is { } status ? FormattableString.Invariant($"{Reason} {status}") : Reason.ToString();
}
