using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;
using System.Runtime.ExceptionServices;
using TokenFactory.Core;
using TokenFactory.Core.Definitions;
using TokenFactory.Inference.Models;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>An argument that could not be read. It takes the argument's place until the command runs, so that the error record is the command's own.</summary>
/// <remarks>A transformation that throws makes PowerShell write <c>ParameterArgumentTransformationError</c>, whatever went wrong.</remarks>
internal interface IUnread
{
    /// <summary>Why it could not be read.</summary>
    Exception Failure { get; }
}

/// <summary>Throws for arguments that could not be read.</summary>
internal static class Unread
{
    /// <summary>Throws the failure of the first argument that could not be read.</summary>
    /// <param name="arguments">What was bound.</param>
    public static void Throw(IEnumerable<object?> arguments)
    {
        foreach (object? argument in arguments)
        {
            switch (argument is PSObject wrapped ? wrapped.BaseObject : argument)
            {
                case IUnread unread:
                    ExceptionDispatchInfo.Throw(unread.Failure);
                    break;
                case Array items when items.GetType().GetElementType() is { IsValueType: false } && items is IList list:
                    Throw(list.Cast<object?>());
                    break;
            }
        }
    }
}

/// <summary>A factory definition that could not be read.</summary>
internal sealed record UnreadFactory : FactoryDefinition, IUnread
{
    /// <summary>Keeps a failure.</summary>
    [SetsRequiredMembers]
    public UnreadFactory(Exception failure) => (Name, Failure) = ("", failure);

    /// <inheritdoc/>
    public Exception Failure { get; }
}

/// <summary>A model that could not be found.</summary>
internal sealed record UnreadModel(Exception Failure) : ModelReference(Path: ""), IUnread;

/// <summary>An operating point that could not be read.</summary>
internal sealed record UnreadPoint : OperatingPoint, IUnread
{
    /// <summary>Keeps a failure.</summary>
    [SetsRequiredMembers]
    public UnreadPoint(Exception failure) => Failure = failure;

    /// <inheritdoc/>
    public Exception Failure { get; }
}
