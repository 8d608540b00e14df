using TokenFactory.Core;

namespace TokenFactory.Inference.Providers;

/// <summary>An execution provider can't be used, found or installed.</summary>
public sealed class ProviderException : TokenFactoryException
{
    /// <summary>Creates a failure.</summary>
    /// <param name="errorId"><c>ProviderUnavailable</c>, <c>ProviderNotSupported</c>, <c>ProviderLibraryUnusable</c>, <c>DeviceLost</c>, <c>DeviceOutOfMemory</c>, <c>InferenceFailed</c>, <c>ProviderPackageUnknown</c>, <c>ProviderPackageNotFound</c>,
    /// <c>ProviderPackageUntrusted</c> or <c>ProviderInUse</c>.</param>
    /// <param name="kind">The kind of failure.</param>
    /// <param name="message">What is wrong and what to do next.</param>
    /// <param name="provider">The provider.</param>
    /// <param name="innerException">The cause.</param>
    public ProviderException(string errorId, FailureKind kind, string message, ExecutionProvider provider, Exception? innerException = null)
        : base(errorId, kind, message, provider, innerException) => Provider = provider;

    /// <summary>The provider.</summary>
    public ExecutionProvider Provider { get; }
}
