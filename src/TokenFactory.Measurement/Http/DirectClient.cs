using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using TokenFactory.Measurement.Load;

namespace TokenFactory.Measurement.Http;

/// <summary>Sends requests to one server over plain HTTP/1.1, and opens as many connections as requests are in flight.</summary>
/// <remarks>
/// Much less work for a fragment than a general client: a timestamp is taken where the socket's read returns, and the bytes are read there. TLS, HTTP/2 and
/// proxies are not for it. Thread-safe.
/// </remarks>
internal sealed class DirectClient : IDisposable
{
    private static readonly TimeSpan s_longestIdle = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Stack<DirectConnection> _idle = [];
    private readonly HashSet<DirectConnection> _all = [];
    private readonly List<DirectConnection> _unwanted = [];
    private readonly EndPoint _server;
    private readonly TimeSpan _connectTimeout;
    private readonly byte[] _head;
    private readonly Timer _timer;
    private bool _disposed;

    /// <summary>Prepares the client; no connection is made yet.</summary>
    /// <param name="address">The address of the call.</param>
    /// <param name="options">How to reach the server.</param>
    /// <param name="judge">Says how a request ended.</param>
    public DirectClient(Uri address, ServerOptions options, TraceJudge judge)
    {
        Judge = judge;
        _server = IPAddress.TryParse(address.IdnHost, out IPAddress? ip) ? new IPEndPoint(ip, address.Port) : new DnsEndPoint(address.IdnHost, address.Port);
        _connectTimeout = options.ConnectTimeout;
        string host = address.HostNameType == UriHostNameType.IPv6 ? $"[{address.IdnHost}]" : address.IdnHost;
        _head = Encoding.ASCII.GetBytes(FormattableString.Invariant(
            $"POST {address.PathAndQuery} HTTP/1.1\r\nHost: {host}{(address.IsDefaultPort ? "" : $":{address.Port}")}\r\nAccept: text/event-stream\r\n")
            + (options.ApiKey?.Header(address) is ({ } name, { } value) ? $"{name}: {value}\r\n" : "")
            + "Content-Type: application/json\r\nContent-Length: ");
        _timer = new Timer(static c => ((DirectClient)c!).Tidy(), this, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.5));
    }

    /// <summary>Says how a request ended.</summary>
    public TraceJudge Judge { get; }

    /// <summary>What to say when no connection was made in time.</summary>
    public string NoConnectionInTime => FormattableString.Invariant($"No connection within {_connectTimeout.TotalSeconds:0.###} s.");

    /// <summary>True when this client can reach an address.</summary>
    /// <param name="address">The address.</param>
    /// <param name="version">The HTTP version that is wanted; null for any.</param>
    public static bool CanReach(Uri address, Version? version) =>
        address.Scheme == Uri.UriSchemeHttp && (version is null || version == HttpVersion.Version11)
        && (HttpClient.DefaultProxy.IsBypassed(address) || HttpClient.DefaultProxy.GetProxy(address) is not { } proxy || proxy == address);

    /// <summary>Sends a request and follows its stream. A request that was cancelled ends with its trace's end not marked.</summary>
    /// <param name="body">The request's body.</param>
    /// <param name="trace">Gets what happens.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public ValueTask SendAsync(ReadOnlySpan<byte> body, RequestTrace trace, CancellationToken cancellationToken) =>
        Rent().SendAsync(body, trace, cancellationToken);

    /// <summary>Writes a request's head and body.</summary>
    /// <param name="body">The body.</param>
    /// <param name="buffer">Where to; replaced when it is too small, or much too large.</param>
    public int WriteRequest(ReadOnlySpan<byte> body, ref byte[] buffer)
    {
        int most = _head.Length + 16 + body.Length;
        if (buffer.Length < most || (buffer.Length > 1 << 16 && most < 1 << 14))
        {
            buffer = GC.AllocateUninitializedArray<byte>(Math.Max(1024, most));
        }

        _head.CopyTo(buffer, 0);
        int at = _head.Length;
        _ = Utf8Formatter.TryFormat(body.Length, buffer.AsSpan(at), out int digits);
        at += digits;
        "\r\n\r\n"u8.CopyTo(buffer.AsSpan(at));
        body.CopyTo(buffer.AsSpan(at + 4));
        return at + 4 + body.Length;
    }

    /// <summary>Connects to the server.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<Socket> ConnectAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_connectTimeout);
        Socket socket = _server is IPEndPoint ip
            ? new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(_server, limit.Token).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Takes a connection back.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="reusable">True when it may carry another request.</param>
    public void Return(DirectConnection connection, bool reusable)
    {
        lock (_lock)
        {
            if (reusable && !_disposed)
            {
                _idle.Push(connection);
                return;
            }

            // Closing takes the system a while, and thousands that are given up at once must not hold up the end of a run.
            _all.Remove(connection);
            _unwanted.Add(connection);
            if (!_disposed)
            {
                return;
            }
        }

        CloseUnwanted();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _unwanted.AddRange(_all);
            _idle.Clear();
            _all.Clear();
        }

        _timer.Dispose();
        ThreadPool.UnsafeQueueUserWorkItem(static c => c.CloseUnwanted(), this, preferLocal: false);
    }

    private DirectConnection Rent()
    {
        while (true)
        {
            DirectConnection connection;
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (!_idle.TryPop(out connection!))
                {
                    connection = new DirectConnection(this);
                    _all.Add(connection);
                    return connection;
                }
            }

            if (Stopwatch.GetElapsedTime(connection.IdleSince) < s_longestIdle && connection.IsUsable)
            {
                return connection;
            }

            Return(connection, reusable: false);
        }
    }

    private void CloseUnwanted()
    {
        DirectConnection[] unwanted;
        lock (_lock)
        {
            unwanted = [.. _unwanted];
            _unwanted.Clear();
        }

        foreach (DirectConnection connection in unwanted)
        {
            connection.Close();
        }
    }

    private void Tidy()
    {
        DirectConnection[] all;
        lock (_lock)
        {
            all = [.. _all];
        }

        long before = Stopwatch.GetTimestamp() - Stopwatch.Frequency;
        foreach (DirectConnection connection in all)
        {
            connection.EndDrain(before);
        }

        CloseUnwanted();
    }
}
