using System.Management.Automation;
using TokenFactory.Core;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Turns failures into error records.</summary>
internal static class ErrorRecords
{
    /// <summary>The error record of a failure: the core's stable id, or the id of the system's refusal.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="target">What it is about when the failure does not say.</param>
    public static ErrorRecord ToErrorRecord(this Exception failure, object? target = null) => failure switch
    {
        TokenFactoryException f => new ErrorRecord(f, f.ErrorId, Category(f.Kind), f.Target ?? target),
        UnauthorizedAccessException => new ErrorRecord(failure, "AccessDenied", ErrorCategory.PermissionDenied, target),
        FileNotFoundException or DirectoryNotFoundException => new ErrorRecord(failure, "PathNotFound", ErrorCategory.ObjectNotFound, target),
        IOException => new ErrorRecord(failure, "InputOutputFailed", ErrorCategory.ReadError, target),
        _ => new ErrorRecord(failure, "Unexpected", ErrorCategory.NotSpecified, target),
    };

    private static ErrorCategory Category(FailureKind kind) => kind switch
    {
        FailureKind.InvalidInput => ErrorCategory.InvalidData,
        FailureKind.NotFound => ErrorCategory.ObjectNotFound,
        FailureKind.PermissionDenied => ErrorCategory.PermissionDenied,
        FailureKind.ResourceUnavailable => ErrorCategory.ResourceUnavailable,
        FailureKind.NotSupported => ErrorCategory.NotInstalled,
        FailureKind.Timeout => ErrorCategory.OperationTimeout,
        _ => ErrorCategory.OperationStopped,
    };
}
