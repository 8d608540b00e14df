using System.Diagnostics;
using TokenFactory.Core;

namespace TokenFactory.Measurement.Http;

/// <summary>A secret that goes into one request header and nowhere else.</summary>
[DebuggerDisplay("***")]
public sealed class ApiKey
{
    private static readonly string[] s_azure = [".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"];

    private readonly string _value;

    /// <summary>Takes a secret.</summary>
    /// <param name="value">The secret.</param>
    /// <exception cref="TokenFactoryException"><c>ApiKeyInvalid</c>: it is empty or has characters that no header may carry.</exception>
    public ApiKey(string value)
    {
        // The framework's own refusal of a bad header quotes the value.
        if (string.IsNullOrEmpty(value) || value.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw new TokenFactoryException("ApiKeyInvalid", FailureKind.InvalidInput,
                "The API key is empty, or has spaces, line breaks or other characters that a header can't carry. Read it again from where it is kept.");
        }

        _value = value;
    }

    /// <summary>Replaces the secret in a text that came from elsewhere: servers quote the key that they refuse.</summary>
    /// <param name="text">The text.</param>
    public string Redact(string text) => text.Replace(_value, "***", StringComparison.Ordinal);

    /// <summary>Never the secret.</summary>
    public override string ToString() => "***";

    /// <summary>The header that carries it to a host.</summary>
    /// <param name="address">The address of the call.</param>
    internal (string Name, string Value) Header(Uri address)
    {
        // Azure OpenAI reads keys from a header of its own, and only Entra's tokens as Bearer:
        // https://learn.microsoft.com/azure/ai-foundry/openai/reference#authentication
        bool token = _value.StartsWith("ey", StringComparison.Ordinal) && _value.Count(c => c == '.') == 2;
        return !token && s_azure.Any(h => address.Host.EndsWith(h, StringComparison.OrdinalIgnoreCase)) ? ("api-key", _value) : ("Authorization", $"Bearer {_value}");
    }
}
