using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Text;
using System.Text.Json;
using TokenFactory.Measurement.Load;

namespace TokenFactory.Measurement.Http;

/// <summary>Drives an OpenAI-compatible server over HTTP.</summary>
/// <remarks>Thread-safe. Proxies are those of the system; redirects and cookies are off, and nothing is decompressed or retried.</remarks>
public sealed class ServerTarget : ILoadTarget
{
    private const int LongestMessage = 300;

    private readonly ServerOptions _options;
    private readonly Uri _address;
    private readonly ServerApi _api;
    private readonly RequestBody _body;
    private readonly HttpMessageInvoker _http;
    private readonly Version _version;
    private readonly HttpVersionPolicy _policy;

    /// <summary>Prepares the client; no connection is made yet.</summary>
    /// <param name="options">How to reach the server.</param>
    /// <exception cref="Core.TokenFactoryException"><c>UriInvalid</c>, <c>UriHasCredentials</c>, <c>ApiKeyUnencrypted</c>, <c>ExtraBodyInvalid</c>.</exception>
    public ServerTarget(ServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        (_address, _api) = options.Resolve();
        _body = new RequestBody(options, _api);
        bool encrypted = _address.Scheme == Uri.UriSchemeHttps;
        _version = options.HttpVersion ?? (encrypted ? HttpVersion.Version20 : HttpVersion.Version11);
        _policy = options.HttpVersion is null ? HttpVersionPolicy.RequestVersionOrLower : HttpVersionPolicy.RequestVersionExact;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxConnectionsPerServer = int.MaxValue,
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(10),
            ActivityHeadersPropagator = null,
            SslOptions = new SslClientAuthenticationOptions
            {
#pragma warning disable CA5359 // The user asked for it by -SkipCertificateCheck.
                RemoteCertificateValidationCallback = options.SkipCertificateCheck ? (_, _, _, _) => true : null,
#pragma warning restore CA5359
            },
        });
    }

    /// <inheritdoc/>
    public string Model => _options.Model;

    /// <inheritdoc/>
    public string Provider => _address.GetLeftPart(UriPartial.Path);

    /// <inheritdoc/>
    public string Api => _api == ServerApi.Chat ? "chat" : "completions";

    /// <inheritdoc/>
    public bool InProcess => false;

    /// <inheritdoc/>
    public async Task SendAsync(LoadRequest request, RequestTrace trace, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, _address)
        {
            Version = _version,
            VersionPolicy = _policy,
            Content = new ReadOnlyMemoryContent(_body.Write(request)),
        };
        message.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        message.Headers.TryAddWithoutValidation("Accept", "text/event-stream");
        _options.ApiKey?.Authorize(message);
        if (request.KeepOutput || _options.CountTokens is not null)
        {
            trace.Text = new StringBuilder();
        }

        trace.MarkSent();
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(message, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            Fail(trace, e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError
                or HttpRequestError.ProxyTunnelError or HttpRequestError.VersionNegotiationError ? FailureReason.ConnectionFailed : FailureReason.ConnectionLost, Deepest(e));
            return;
        }

        using (response)
        {
            await ReadAsync(response, trace, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task ReadAsync(HttpResponseMessage response, RequestTrace trace, CancellationToken cancellationToken)
    {
        try
        {
            Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            string? type = response.Content.Headers.ContentType?.MediaType;
            if (!response.IsSuccessStatusCode)
            {
                string body = ServerEvent.ErrorMessage(await StartOfAsync(stream, cancellationToken).ConfigureAwait(false));
                Fail(trace, FailureReason.HttpStatus, (body.Length > 0 ? body : response.ReasonPhrase ?? "") + RetryAfter(response), (int)response.StatusCode);
            }
            else if (string.Equals(type, "application/json", StringComparison.OrdinalIgnoreCase) || string.Equals(type, "text/html", StringComparison.OrdinalIgnoreCase))
            {
                string? said = ServerEvent.StatedError(await StartOfAsync(stream, cancellationToken).ConfigureAwait(false));
                Fail(trace, FailureReason.NotStreamed, $"The server answered with {type} and no stream of events{(said is null ? "." : ": " + said)}");
            }
            else
            {
                await FollowAsync(stream, trace, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded })
        {
            Fail(trace, FailureReason.StreamTruncated, "The server closed the connection inside the stream.");
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            Fail(trace, FailureReason.ConnectionLost, Deepest(e));
        }
        catch (JsonException e)
        {
            Fail(trace, FailureReason.MalformedStream, e.Message);
        }
    }

    private async Task FollowAsync(Stream stream, RequestTrace trace, CancellationToken cancellationToken)
    {
        using var reader = new EventStreamReader(trace);
        await reader.ReadAsync(stream, cancellationToken).ConfigureAwait(false);
        if (trace.Failure is { } failure)
        {
            Fail(trace, failure.Reason, failure.Message);
        }
        else if (!reader.Done && !trace.AllFinished)
        {
            Fail(trace, FailureReason.StreamTruncated, FormattableString.Invariant(
                $"The stream ended after {trace.FragmentCount} fragments without {(trace.FinishReason is null ? "a finish reason" : "a finish reason of each choice")} or an end mark."));
        }
        else if (trace.FragmentCount == 0)
        {
            Fail(trace, FailureReason.NoOutput, "The stream ended well, but no fragment had any output.");
        }
        else if (trace.Text is { } text && _options.CountTokens is { } count)
        {
            trace.ClientTokens = count(text.ToString());
        }

        if (reader.Done && trace.Failure is null)
        {
            try
            {
                await reader.DrainAsync(stream, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or TimeoutException or OperationCanceledException)
            {
                // All output came and its end is noted; how the connection ends does not matter.
            }
        }
    }

    private void Fail(RequestTrace trace, FailureReason reason, string message, int? status = null)
    {
        if (trace.EndTimestamp == 0)
        {
            trace.MarkEnded(Stopwatch.GetTimestamp());
        }

        trace.Failure = new RequestFailure(reason, OneLine(message), status);
    }

    private string OneLine(string message)
    {
        string clean = _options.ApiKey?.Redact(message) ?? message;
        var line = new StringBuilder(Math.Min(clean.Length, LongestMessage));
        foreach (char c in clean)
        {
            if (line.Length == LongestMessage)
            {
                line[^1] = '…';
                break;
            }

            // Control characters of a server must not drive a terminal.
            line.Append(char.IsControl(c) ? ' ' : c);
        }

        return line.ToString().Trim();
    }

    private static async Task<byte[]> StartOfAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] start = new byte[4096];
        int length = await stream.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return start[..length];
    }

    private static string RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => FormattableString.Invariant($" (retry after {delta.TotalSeconds:0.###} s)"),
        { Date: { } date } => FormattableString.Invariant($" (retry after {date.UtcDateTime:u})"),
        _ => "",
    };

    private static string Deepest(Exception e)
    {
        while (e.InnerException is not null)
        {
            e = e.InnerException;
        }

        return e.Message;
    }
}
