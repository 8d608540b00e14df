using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using TokenFactory.Measurement.Load;

namespace TokenFactory.Measurement.Http;

/// <summary>Drives an OpenAI-compatible server over HTTP.</summary>
/// <remarks>
/// Plain HTTP/1.1 goes over <see cref="DirectClient"/>; TLS, HTTP/2 and proxies over the framework's client. Thread-safe. Proxies are those of the system; redirects and
/// cookies are off, and nothing is decompressed. Nothing is retried, save a request whose kept connection was closed without a byte of an answer: it goes out once more, and
/// its clock runs from the first time.
/// </remarks>
public sealed class ServerTarget : ILoadTarget
{
    private const int MostKeptConnections = 64;

    private static readonly HttpRequestOptionsKey<bool> s_newConnection = new("TokenFactory.NewConnection");

    private readonly ServerOptions _options;
    private readonly Uri _address;
    private readonly ServerApi _api;
    private readonly RequestBody _body;
    private readonly TraceJudge _judge;
    private readonly ConcurrentBag<EventStreamReader> _readers = [];
    private readonly DirectClient? _direct;
    private readonly HttpMessageInvoker? _http;
    private readonly Version _version;
    private readonly HttpVersionPolicy _policy;
    private int _made;
    private int _closed;
    private int _answered;

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
        _judge = new TraceJudge(options);
        if (!options.UseFrameworkClient && DirectClient.CanReach(_address, options.HttpVersion))
        {
            _direct = new DirectClient(_address, options, _judge);
            return;
        }

        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = ConnectAsync,
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
    public ValueTask SendAsync(LoadRequest request, RequestTrace trace, CancellationToken cancellationToken)
    {
        if (request.KeepOutput || _options.CountTokens is not null)
        {
            trace.Text = new StringBuilder();
        }

        return _direct is null ? SendByHttpClientAsync(_http!, request, trace, cancellationToken) : _direct.SendAsync(_body.Write(request), trace, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _direct?.Dispose();
        _http?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask SendByHttpClientAsync(HttpMessageInvoker http, LoadRequest request, RequestTrace trace, CancellationToken cancellationToken)
    {
        byte[] body = _body.Write(request).ToArray();
        int keptBefore = Volatile.Read(ref _made) - Volatile.Read(ref _closed) - Volatile.Read(ref _answered);
        trace.MarkSent();
        for (int kept = 0; ; kept++)
        {
            using HttpRequestMessage message = Message(body);
            try
            {
                using HttpResponseMessage response = await http.SendAsync(message, cancellationToken).ConfigureAwait(false);
                Interlocked.Increment(ref _answered);
                await ReadAsync(response, trace, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (HttpRequestException e) when (IsClosedConnection(e) && kept < (IsMadeFor(message) ? Math.Min(MostKeptConnections, keptBefore + Volatile.Read(ref _answered)) : MostKeptConnections))
            {
                // The next one may be a kept connection as well.
                Interlocked.Increment(ref _closed);
            }
            catch (HttpRequestException e)
            {
                _judge.Fail(trace, e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError
                    or HttpRequestError.ProxyTunnelError or HttpRequestError.VersionNegotiationError ? FailureReason.ConnectionFailed : FailureReason.ConnectionLost, Deepest(e));
                return;
            }
        }
    }

    private HttpRequestMessage Message(byte[] body)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, _address) { Version = _version, VersionPolicy = _policy, Content = new ByteArrayContent(body) };
        message.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        message.Headers.TryAddWithoutValidation("Accept", "text/event-stream");
        if (_options.ApiKey is { } key)
        {
            (string name, string value) = key.Header(_address);
            message.Headers.TryAddWithoutValidation(name, value);
        }

        return message;
    }

    // A server may close a kept connection just when the next request comes (RFC 9112, section 9.3.1).
    private static bool IsClosedConnection(HttpRequestException e) =>
        e.HttpRequestError == HttpRequestError.ResponseEnded || e.InnerException is IOException { InnerException: SocketException };

    // A request for which a connection was made went over that one, or over a kept one that came free before it was there: no more often than there
    // were kept ones, and answers that left further ones.
    private static bool IsMadeFor(HttpRequestMessage message) => message.Options.TryGetValue(s_newConnection, out _);

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        context.InitialRequestMessage.Options.Set(s_newConnection, true);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
            Interlocked.Increment(ref _made);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task ReadAsync(HttpResponseMessage response, RequestTrace trace, CancellationToken cancellationToken)
    {
        try
        {
            Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            string? type = response.Content.Headers.ContentType?.MediaType;
            if (!response.IsSuccessStatusCode)
            {
                _judge.Refused(trace, (int)response.StatusCode, await StartOfAsync(stream, cancellationToken).ConfigureAwait(false), response.ReasonPhrase, response.Headers.RetryAfter);
            }
            else if (string.Equals(type, "application/json", StringComparison.OrdinalIgnoreCase) || string.Equals(type, "text/html", StringComparison.OrdinalIgnoreCase))
            {
                _judge.NotStreamed(trace, type, await StartOfAsync(stream, cancellationToken).ConfigureAwait(false));
            }
            else
            {
                await FollowAsync(stream, trace, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded })
        {
            _judge.Fail(trace, FailureReason.StreamTruncated, "The server closed the connection inside the stream.");
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            _judge.Fail(trace, FailureReason.ConnectionLost, Deepest(e));
        }
        catch (JsonException e)
        {
            _judge.Fail(trace, FailureReason.MalformedStream, e.Message);
        }
    }

    private async Task FollowAsync(Stream stream, RequestTrace trace, CancellationToken cancellationToken)
    {
        if (!_readers.TryTake(out EventStreamReader? reader))
        {
            reader = new EventStreamReader();
        }

        await reader.ReadAsync(stream, trace, cancellationToken).ConfigureAwait(false);
        _judge.Judge(trace, reader.Done);
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

        if (!reader.IsLent)
        {
            _readers.Add(reader);
        }
    }

    private static async Task<byte[]> StartOfAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] start = new byte[4096];
        int length = await stream.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return start[..length];
    }

    private static string Deepest(Exception e)
    {
        while (e.InnerException is not null)
        {
            e = e.InnerException;
        }

        return e.Message;
    }
}
