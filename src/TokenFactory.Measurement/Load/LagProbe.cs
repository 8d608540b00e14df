using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using TokenFactory.Measurement.Statistics;

namespace TokenFactory.Measurement.Load;

/// <summary>Measures the lag of reading, a hundred times a second: how long bytes that have come wait until this process reads them.</summary>
/// <remarks>
/// A thread sends its clock over a loopback connection to this process itself, where the same machinery reads it as reads the streams. For an engine in
/// this process, and where no connection can be made, it is how long a piece of work waits for a thread.
/// </remarks>
internal sealed class LagProbe : IDisposable
{
    private const double IntervalSeconds = 0.01;

    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private readonly Lock _lock = new();
    private readonly SampleSet _samples = new();
    private readonly Socket? _sender;
    private readonly Receiver? _receiver;

    /// <summary>Begins to measure.</summary>
    /// <param name="reading">True for what comes by sockets; false for work that waits for a thread.</param>
    public LagProbe(bool reading)
    {
        if (reading)
        {
            (_sender, _receiver) = Connect();
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "TokenFactory lag probe" };
        _thread.Start();
    }

    public LatencySummary Summarize()
    {
        lock (_lock)
        {
            return _samples.Summarize();
        }
    }

    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
        _sender?.Dispose();
        _receiver?.Dispose();
    }

    private (Socket? Sender, Receiver? Receiver) Connect()
    {
        Socket? sender = null;
        try
        {
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(1);
            sender = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            sender.Connect(listener.LocalEndPoint!);
            Socket accepted = listener.Accept();
            if (!Equals(accepted.RemoteEndPoint, sender.LocalEndPoint))
            {
                // Another process was faster.
                accepted.Dispose();
                throw new SocketException((int)SocketError.ConnectionRefused);
            }

            var receiver = new Receiver(accepted, Add);
            receiver.Start();
            return (sender, receiver);
        }
        catch (SocketException)
        {
            sender?.Dispose();
            return (null, null);
        }
    }

    private void Run()
    {
        Span<byte> clock = stackalloc byte[sizeof(long)];
        while (!_stop.Wait(TimeSpan.FromSeconds(IntervalSeconds)))
        {
            if (_sender is not null)
            {
                BinaryPrimitives.WriteInt64LittleEndian(clock, Stopwatch.GetTimestamp());
                try
                {
                    _sender.Send(clock);
                }
                catch (SocketException)
                {
                    return;
                }

                continue;
            }

            ThreadPool.UnsafeQueueUserWorkItem(
                static state => state.Probe.Add(state.Queued, Stopwatch.GetTimestamp()), (Probe: this, Queued: Stopwatch.GetTimestamp()), preferLocal: false);
        }
    }

    private void Add(long from, long to)
    {
        lock (_lock)
        {
            _samples.Add((double)(to - from) / Stopwatch.Frequency);
        }
    }

    private sealed class Receiver : SocketAsyncEventArgs
    {
        private readonly Socket _socket;
        private readonly Action<long, long> _add;
        private readonly byte[] _buffer = new byte[sizeof(long) * 64];
        private int _length;

        public Receiver(Socket socket, Action<long, long> add)
            : base(true)
        {
            (_socket, _add) = (socket, add);
            SetBuffer(_buffer);
        }

        public void Start()
        {
            try
            {
                while (!_socket.ReceiveAsync(this) && Read(Stopwatch.GetTimestamp()))
                {
                }
            }
            catch (ObjectDisposedException)
            {
                // The run is over.
            }
        }

        public new void Dispose()
        {
            _socket.Dispose();
            base.Dispose();
        }

        protected override void OnCompleted(SocketAsyncEventArgs e)
        {
            if (Read(Stopwatch.GetTimestamp()))
            {
                Start();
            }
        }

        private bool Read(long now)
        {
            if (SocketError != SocketError.Success || BytesTransferred == 0)
            {
                return false;
            }

            _length += BytesTransferred;
            int at = 0;
            for (; at + sizeof(long) <= _length; at += sizeof(long))
            {
                _add(BinaryPrimitives.ReadInt64LittleEndian(_buffer.AsSpan(at)), now);
            }

            _buffer.AsSpan(at, _length - at).CopyTo(_buffer);
            _length -= at;
            try
            {
                SetBuffer(_buffer.AsMemory(_length));
            }
            catch (ObjectDisposedException)
            {
                return false;
            }

            return true;
        }
    }
}
