using TokenFactory.Core;

namespace TokenFactory.Measurement.Http;

/// <summary>Which of a server's two generating calls is used.</summary>
public enum ServerApi
{
    /// <summary><c>/v1/chat/completions</c>.</summary>
    Chat,

    /// <summary><c>/v1/completions</c>.</summary>
    Completions,
}

/// <summary>How to reach an OpenAI-compatible server.</summary>
public sealed record ServerOptions
{
    /// <summary>Its address: the host, its <c>/v1</c>, or the whole address of the call.</summary>
    public required Uri Uri { get; init; }

    /// <summary>The model's name on the server.</summary>
    public required string Model { get; init; }

    /// <summary>Which call; null is what the address says, else chat.</summary>
    public ServerApi? Api { get; init; }

    /// <summary>The key that the server wants; null for none.</summary>
    public ApiKey? ApiKey { get; init; }

    /// <summary>True to send the key over an unencrypted connection to another machine.</summary>
    public bool AllowUnencryptedAuthentication { get; init; }

    /// <summary>HTTP version: 1.1, 2.0; null is 2.0 where TLS negotiates it, else 1.1. 2.0 without TLS is used with prior knowledge.</summary>
    public Version? HttpVersion { get; init; }

    /// <summary>True to take any certificate.</summary>
    public bool SkipCertificateCheck { get; init; }

    /// <summary>True to ask for outputs of the full length (<c>ignore_eos</c>, which vLLM, SGLang, TensorRT-LLM and llama.cpp know).</summary>
    public bool IgnoreEndOfSequence { get; init; }

    /// <summary>Further fields of the request's body as JSON values by name; they win over the client's own.</summary>
    public IReadOnlyDictionary<string, string> ExtraBody { get; init; } = new Dictionary<string, string>();

    /// <summary>Counts the tokens of an output on this side; null when there is no tokenizer.</summary>
    public Func<string, int>? CountTokens { get; init; }

    /// <summary>Most time that making a connection may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>True to use the framework's client where the direct one would do; for tests.</summary>
    internal bool UseFrameworkClient { get; init; }

    /// <summary>The address of the call, and which call it is.</summary>
    /// <exception cref="TokenFactoryException">
    /// <c>UriInvalid</c>, <c>UriHasCredentials</c>, <c>ApiKeyUnencrypted</c>.
    /// </exception>
    public (Uri Address, ServerApi Api) Resolve()
    {
        if (!Uri.IsAbsoluteUri || (Uri.Scheme != Uri.UriSchemeHttp && Uri.Scheme != Uri.UriSchemeHttps))
        {
            throw new TokenFactoryException("UriInvalid", FailureKind.InvalidInput,
                "The address must begin with http:// or https://, for example http://localhost:8000.");
        }

        if (Uri.UserInfo.Length > 0)
        {
            throw new TokenFactoryException("UriHasCredentials", FailureKind.InvalidInput,
                "The address has credentials in it, which would end up in histories and logs. Leave them out and use -ApiKey.");
        }

        if (ApiKey is not null && Uri.Scheme == Uri.UriSchemeHttp && !Uri.IsLoopback && !AllowUnencryptedAuthentication)
        {
            throw new TokenFactoryException("ApiKeyUnencrypted", FailureKind.InvalidInput,
                $"The key would travel unencrypted to {Uri.Host}. Use https, or say -AllowUnencryptedAuthentication.", Uri.Host);
        }

        string path = Uri.AbsolutePath.TrimEnd('/');
        if (path.EndsWith("/completions", StringComparison.OrdinalIgnoreCase))
        {
            return (Uri, path.EndsWith("/chat/completions", StringComparison.OrdinalIgnoreCase) ? ServerApi.Chat : ServerApi.Completions);
        }

        ServerApi api = Api ?? ServerApi.Chat;
        string version = path.Length > 0 && char.IsAsciiDigit(path[^1]) && path.AsSpan(0, path.Length - 1).EndsWith("/v", StringComparison.Ordinal) ? "" : "/v1";
        var builder = new UriBuilder(Uri) { Path = path + version + (api == ServerApi.Chat ? "/chat/completions" : "/completions") };
        return (builder.Uri, api);
    }
}
