using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Tasks.Sources;
using TokenFactory.Measurement.Load;

namespace TokenFactory.Measurement.Http;

/// <summary>One HTTP/1.1 connection that carries one request after the other and reads its streams where the socket's reads return.</summary>
/// <remarks>
/// Allocates nothing for a request or a fragment. One thread at a time works on it: whoever moves the state from Waiting or Draining to Processing,
/// which a cancellation does as well. A request on a kept connection that the server closes without a byte of an answer goes out once more on a new one, as curl and
/// browsers do (RFC 9112, section 9.3.1): servers such as llama.cpp's close connections that they promised to keep. A request's awaiter gives the connection back to the client when it takes the result.
/// </remarks>
internal sealed class DirectConnection : SocketAsyncEventArgs, IValueTaskSource
{
    private const int Idle = 0;
    private const int Waiting = 1;
    private const int Draining = 2;
    private const int Processing = 3;
    private const int Stopping = 4;
    private const int Abandoned = 5;

    private const int FirstBuffer = 2048;
    private const int LargestBuffer = 64 << 10;

    private readonly DirectClient _client;
    private readonly ResponseReader _response = new();
    private SocketSender _send = new();
    private ManualResetValueTaskSourceCore<bool> _result;
    private CancellationTokenRegistration _registration;
    private RequestTrace _trace = null!;
    private Socket? _socket;
    private byte[] _request = new byte[1024];
    private byte[] _buffer = [];
    private int _requestLength;
    private int _state;
    private long _drainingSince;
    private CancellationToken _cancellation;
    private bool _reusable;
    private bool _kept;

    public DirectConnection(DirectClient client)
        : base(true) => _client = client;

    /// <summary>When its last request ended.</summary>
    public long IdleSince { get; private set; }

    /// <summary>True when the server has neither closed it nor sent what nobody asked for.</summary>
    public bool IsUsable
    {
        get
        {
            try
            {
                return !_socket!.Poll(0, SelectMode.SelectRead);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return false;
            }
        }
    }

    /// <summary>Sends a request and follows its stream. A request that was cancelled ends with its trace's end not marked.</summary>
    /// <param name="body">The request's body.</param>
    /// <param name="trace">Gets what happens.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public ValueTask SendAsync(ReadOnlySpan<byte> body, RequestTrace trace, CancellationToken cancellationToken)
    {
        _result.Reset();
        _trace = trace;
        _reusable = false;
        _response.Begin(trace);
        _requestLength = _client.WriteRequest(body, ref _request);
        short version = _result.Version;
        Volatile.Write(ref _state, Waiting);
        _registration = cancellationToken.UnsafeRegister(static c => ((DirectConnection)c!).Cancel(), this);
        _cancellation = cancellationToken;
        _kept = _socket is not null;
        trace.MarkSent();
        if (_socket is null)
        {
            _ = ConnectAsync(cancellationToken);
        }
        else
        {
            Start(_socket);
        }

        return new ValueTask(this, version);
    }

    /// <summary>Ends a request whose answer is complete for us but which the server does not end.</summary>
    /// <param name="before">Only when it is waited for since before this time.</param>
    public void EndDrain(long before)
    {
        if (Volatile.Read(ref _state) == Draining && Volatile.Read(ref _drainingSince) < before
            && Interlocked.CompareExchange(ref _state, Abandoned, Draining) == Draining)
        {
            Finish(judged: false);
        }
    }

    /// <summary>Closes the socket.</summary>
    public void Close()
    {
        _socket?.Dispose();
        _send.Dispose();
        Dispose();
    }

    /// <inheritdoc/>
    public void GetResult(short token)
    {
        try
        {
            _result.GetResult(token);
        }
        finally
        {
            _client.Return(this, _reusable);
        }
    }

    /// <inheritdoc/>
    public ValueTaskSourceStatus GetStatus(short token) => _result.GetStatus(token);

    /// <inheritdoc/>
    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _result.OnCompleted(continuation, state, token, flags);

    /// <inheritdoc/>
    protected override void OnCompleted(SocketAsyncEventArgs e) => Pump(Stopwatch.GetTimestamp());

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            Socket socket = await _client.ConnectAsync(cancellationToken).ConfigureAwait(false);
            _socket = socket;
            Interlocked.MemoryBarrier();
            if (Volatile.Read(ref _state) == Abandoned)
            {
                Close();
                return;
            }

            Start(socket);
        }
        catch (Exception e)
        {
            // When it was given up, the cancellation itself ends the request.
            if (!cancellationToken.IsCancellationRequested && Interlocked.CompareExchange(ref _state, Processing, Waiting) == Waiting)
            {
                _client.Judge.Fail(_trace, FailureReason.ConnectionFailed, e is OperationCanceledException ? _client.NoConnectionInTime : e.Message);
                Finish(judged: true);
            }
        }
    }

    private void Start(Socket socket)
    {
        try
        {
            if (_buffer.Length == 0)
            {
                Resize(FirstBuffer);
            }

            _send.SetBuffer(_request, 0, _requestLength);
            _send.Send(socket);
            if (!socket.ReceiveAsync(this))
            {
                long now = Stopwatch.GetTimestamp();
                if (RuntimeHelpers.TryEnsureSufficientExecutionStack())
                {
                    Pump(now);
                }
                else
                {
                    // A server that always answers at once would have each request begin inside the one before.
                    ThreadPool.UnsafeQueueUserWorkItem(static s => s.Connection.Pump(s.Now), (Connection: this, Now: now), preferLocal: false);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Lost(e.Message);
        }
    }

    private void Pump(long now)
    {
        while (Step(now))
        {
            try
            {
                if (_socket!.ReceiveAsync(this))
                {
                    return;
                }
            }
            catch (Exception e)
            {
                // Nobody is above a socket's callback: what is thrown here would end the process.
                Lost(e.Message);
                return;
            }

            now = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>Takes what a read brought; true when there is more to read.</summary>
    private bool Step(long now)
    {
        int before = Volatile.Read(ref _state) == Draining ? Draining : Waiting;
        if (Interlocked.CompareExchange(ref _state, Processing, before) != before)
        {
            return false;
        }

        bool answered = SocketError == SocketError.Success && BytesTransferred > 0;
        if (_kept && !answered)
        {
            Again();
            return false;
        }

        _kept = false;
        bool judged = false;
        try
        {
            if (SocketError != SocketError.Success)
            {
                throw new SocketException((int)SocketError);
            }

            bool over = BytesTransferred == 0;
            if (over)
            {
                judged = _client.Judge.Closed(_trace, _response, now);
            }
            else
            {
                _response.Feed(_buffer.AsSpan(0, BytesTransferred), now);
            }

            if (_response.Settled && _trace.EndTimestamp == 0)
            {
                _trace.MarkEnded(now);
            }

            // What follows an end mark is read too, so that the connection can be used again.
            if (!over && !_response.Ended && (!_response.Settled || (_response.Done && _trace.Failure is null)))
            {
                if (BytesTransferred == _buffer.Length && _buffer.Length < LargestBuffer)
                {
                    Resize(_buffer.Length * 2);
                }

                return More(now);
            }
        }
        catch (Exception e)
        {
            if (!_response.Done)
            {
                _client.Judge.Fail(_trace, e is JsonException or InvalidDataException ? FailureReason.MalformedStream : FailureReason.ConnectionLost, e.Message);
                judged = true;
            }
        }

        Finish(judged);
        return false;
    }

    private bool More(long now)
    {
        bool drain = _response.Settled;
        if (drain)
        {
            Volatile.Write(ref _drainingSince, now);
        }

        if (Interlocked.CompareExchange(ref _state, drain ? Draining : Waiting, Processing) == Processing)
        {
            return true;
        }

        // It was given up meanwhile.
        Finish(judged: !drain);
        return false;
    }

    /// <summary>Sends the request once more on a connection of its own; its clock goes on.</summary>
    private void Again()
    {
        _kept = false;
        _socket!.Dispose();
        _socket = null;
        if (!_send.IsDone)
        {
            // It may still be under way on the old socket, whose end ends it.
            _send = new SocketSender();
        }

        if (Interlocked.CompareExchange(ref _state, Waiting, Processing) != Processing)
        {
            // It was given up meanwhile.
            Finish(judged: true);
            return;
        }

        _ = ConnectAsync(_cancellation);
    }

    private void Lost(string message)
    {
        int before = Volatile.Read(ref _state);
        if (before is Waiting or Draining && Interlocked.CompareExchange(ref _state, Processing, before) == before)
        {
            if (before == Waiting && _kept)
            {
                Again();
                return;
            }

            if (before == Waiting)
            {
                _client.Judge.Fail(_trace, FailureReason.ConnectionLost, message);
            }

            Finish(judged: before == Waiting);
        }
    }

    private void Cancel()
    {
        while (true)
        {
            int before = Volatile.Read(ref _state);
            if (before is Waiting or Draining)
            {
                if (Interlocked.CompareExchange(ref _state, Abandoned, before) == before)
                {
                    Finish(judged: before == Waiting);
                    return;
                }
            }
            else if (before != Processing || Interlocked.CompareExchange(ref _state, Stopping, Processing) == Processing)
            {
                return;
            }
        }
    }

    private void Finish(bool judged)
    {
        Exception? fault = null;
        try
        {
            if (!judged)
            {
                _client.Judge.Judge(_trace, _response);
            }
        }
        catch (Exception e)
        {
            // Not the server's: the awaiter must see it.
            fault = e;
        }

        // A cancellation that can't be taken back any more may come at any time.
        bool mine = !_registration.Token.CanBeCanceled || _registration.Unregister();
        _reusable = Interlocked.CompareExchange(ref _state, Idle, Processing) == Processing && mine && _response.KeepAlive && _send.IsDone;
        IdleSince = Stopwatch.GetTimestamp();
        if (fault is null)
        {
            _result.SetResult(true);
        }
        else
        {
            _result.SetException(fault);
        }
    }

    private void Resize(int length)
    {
        _buffer = GC.AllocateUninitializedArray<byte>(length);
        SetBuffer(_buffer, 0, length);
    }
}
