using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TokenFactory.Measurement.Tests.Fakes;

/// <summary>A listener whose connections a test answers byte by byte.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly Func<Socket, int, Task> _answer;
    private readonly SemaphoreSlim _closed = new(0);
    private readonly Task _accepting;

    public RawServer(Func<Socket, int, Task> answer, IPAddress? address = null)
    {
        _listener = new TcpListener(address ?? IPAddress.Loopback, 0);
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Connections { get; private set; }

    public Uri Uri => new($"http://{_listener.LocalEndpoint}");

    public static async Task<string> RequestAsync(Socket socket)
    {
        byte[] buffer = new byte[1 << 16];
        StringBuilder text = new();
        while (!text.ToString().EndsWith("}}", StringComparison.Ordinal))
        {
            int read = await socket.ReceiveAsync(buffer);
            if (read == 0)
            {
                throw new SocketException((int)SocketError.Shutdown);
            }

            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }

        return text.ToString();
    }

    /// <summary>Reads until the client has closed the connection.</summary>
    public static async Task UntilClosedAsync(Socket socket)
    {
        byte[] buffer = new byte[1 << 16];
        while (await socket.ReceiveAsync(buffer) > 0)
        {
        }
    }

    public static async Task SendAsync(Socket socket, string text) => await socket.SendAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Waits until a further connection is closed, and until the other side can know.</summary>
    public async Task ClosedAsync()
    {
        await _closed.WaitAsync();
        await Task.Delay(20);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
        _listener.Dispose();
        _closed.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            for (int i = 0; ; i++)
            {
                Socket socket = await _listener.AcceptSocketAsync();
                Connections++;
                _ = AnswerAsync(socket, i);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The listener was stopped.
        }
    }

    private async Task AnswerAsync(Socket socket, int number)
    {
        try
        {
            await _answer(socket, number);
        }
        catch (SocketException)
        {
            // The client has gone.
        }

        socket.Dispose();
        _closed.Release();
    }
}
