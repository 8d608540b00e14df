using System.Management.Automation;
using System.Net;
using System.Security;
using TokenFactory.Core;
using TokenFactory.Measurement.Http;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Takes an API key as a SecureString or a credential, whose password it is; never as plain text, which ends up in histories.</summary>
internal static class ServerSecret
{
    /// <summary>The key.</summary>
    /// <param name="value">What was bound to the parameter; null for none.</param>
    /// <exception cref="TokenFactoryException"><c>ApiKeyNotSecure</c>, <c>ApiKeyInvalid</c>.</exception>
    public static ApiKey? From(object? value) => (value is PSObject wrapped ? wrapped.BaseObject : value) switch
    {
        null => null,
        SecureString secure => new ApiKey(new NetworkCredential("", secure).Password),
        PSCredential credential => new ApiKey(credential.GetNetworkCredential().Password),
        _ => throw new TokenFactoryException("ApiKeyNotSecure", FailureKind.InvalidInput,
            "The API key must be a SecureString or a PSCredential: plain text ends up in histories and logs. Use Get-Secret, Read-Host -AsSecureString, or ConvertTo-SecureString."),
    };
}
