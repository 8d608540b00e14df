using System.Net.Sockets;

namespace TokenFactory.Measurement.Http;

/// <summary>Sends the requests of a connection; what goes wrong shows when the answer is read.</summary>
internal sealed class SocketSender() : SocketAsyncEventArgs(true)
{
    private Socket? _socket;
    private int _done;

    /// <summary>True when all of the last request has left.</summary>
    public bool IsDone => Volatile.Read(ref _done) != 0;

    /// <summary>Sends what the buffer holds.</summary>
    /// <param name="socket">Where to.</param>
    public void Send(Socket socket)
    {
        _socket = socket;
        Volatile.Write(ref _done, 0);
        if (!socket.SendAsync(this))
        {
            OnCompleted(this);
        }
    }

    /// <inheritdoc/>
    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        if (SocketError != SocketError.Success)
        {
            // A read that waits for an answer must not wait for ever.
            _socket!.Dispose();
            return;
        }

        Volatile.Write(ref _done, 1);
    }
}
