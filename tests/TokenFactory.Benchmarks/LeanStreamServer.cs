using System.Buffers;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace TokenFactory.Benchmarks;

/// <summary>Kestrel's connections with as little as can be above them, so that the client is what is measured.</summary>
/// <remarks>
/// Understands the one request that the client sends. Frames are encoded once; one thread paces all streams and hands each frame to the system in a
/// call of its own.
/// </remarks>
internal sealed class LeanStreamServer : IDisposable
{
    private static readonly byte[] s_head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray();
    private static readonly byte[] s_fragment = Chunk(StreamServer.Fragment);
    private static readonly byte[] s_first = [.. s_head, .. s_fragment];
    private static readonly ConcurrentDictionary<int, byte[]> s_ends = new();

    private readonly StreamTimings _timings;
    private readonly ConcurrentQueue<PacedStream> _arrived = new();
    private readonly Dictionary<long, Queue<PacedStream>> _due = [];
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _pacer;

    public LeanStreamServer(StreamTimings timings)
    {
        _timings = timings;
        _pacer = new Thread(Pace) { IsBackground = true, Name = "pacer" };
        _pacer.Start();
    }

    /// <summary>Serves one connection to its end.</summary>
    public async Task ServeAsync(ConnectionContext connection)
    {
        Socket socket = connection.Features.Get<IConnectionSocketFeature>()!.Socket;
        PipeReader input = connection.Transport.Input;
        while (true)
        {
            ReadResult read = await input.ReadAsync();
            if (TryRequest(read.Buffer, out string? model, out int tokens, out SequencePosition consumed))
            {
                Answer(socket, model, tokens);
                input.AdvanceTo(consumed);
            }
            else
            {
                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }

            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    public void Dispose()
    {
        _stop.Set();
        _pacer.Join();
        _stop.Dispose();
    }

    private void Answer(Socket socket, string? model, int tokens)
    {
        if (model is null)
        {
            byte[] body = _timings.Take();
            socket.Send(Encoding.ASCII.GetBytes(FormattableString.Invariant($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n")));
            socket.Send(body);
            return;
        }

        (int first, int between) = StreamServer.Timing(model);
        var stream = new PacedStream(socket, tokens, Ticks(between), Stopwatch.GetTimestamp());
        if (between > 0)
        {
            stream.Due = stream.Arrived + Ticks(first);
            stream.Wait = Ticks(first);
            _arrived.Enqueue(stream);
            return;
        }

        while (!Next(stream))
        {
        }
    }

    private void Pace()
    {
        while (!_stop.Wait(1))
        {
            while (_arrived.TryDequeue(out PacedStream? stream))
            {
                Enqueue(stream);
            }

            // Streams that wait for the same time come due in the order in which they began to wait.
            foreach (Queue<PacedStream> queue in _due.Values.ToArray())
            {
                long now = Stopwatch.GetTimestamp();
                while (queue.TryPeek(out PacedStream? stream) && stream.Due <= now)
                {
                    queue.Dequeue();
                    if (!Next(stream))
                    {
                        stream.Due += stream.Between;
                        stream.Wait = stream.Between;
                        Enqueue(stream);
                    }
                }
            }
        }
    }

    private void Enqueue(PacedStream stream)
    {
        if (!_due.TryGetValue(stream.Wait, out Queue<PacedStream>? queue))
        {
            _due[stream.Wait] = queue = new Queue<PacedStream>();
        }

        queue.Enqueue(stream);
    }

    /// <summary>Sends a stream's next fragment; true when that was its last.</summary>
    private bool Next(PacedStream stream)
    {
        try
        {
            long now = Stopwatch.GetTimestamp();
            stream.FirstAt = stream.Sent == 0 ? now : stream.FirstAt;
            stream.Socket.Send(stream.Sent == 0 ? s_first : s_fragment);
            if (++stream.Sent < stream.Tokens)
            {
                return false;
            }

            if (stream.Between > 0)
            {
                _timings.Add(stream.Arrived, stream.FirstAt, now, stream.Tokens);
            }

            stream.Socket.Send(s_ends.GetOrAdd(stream.Tokens, static n => [.. Chunk(StreamServer.End(n)), .. "0\r\n\r\n"u8]));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The client has gone.
        }

        return true;
    }

    private static bool TryRequest(ReadOnlySequence<byte> buffer, out string? model, out int tokens, out SequencePosition consumed)
    {
        (model, tokens, consumed) = (null, 0, buffer.End);
        ReadOnlySpan<byte> bytes = buffer.IsSingleSegment ? buffer.FirstSpan : buffer.ToArray();
        int head = bytes.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return false;
        }

        if (bytes.StartsWith("GET "u8))
        {
            consumed = buffer.GetPosition(head + 4);
            return true;
        }

        int length = Number(bytes[..(head + 2)], "Content-Length: "u8);
        if (bytes.Length < head + 4 + length)
        {
            return false;
        }

        ReadOnlySpan<byte> body = bytes.Slice(head + 4, length);
        ReadOnlySpan<byte> name = body[(body.IndexOf("\"model\":\""u8) + 9)..];
        model = Encoding.ASCII.GetString(name[..name.IndexOf((byte)'"')]);
        tokens = Number(body, "\"max_tokens\":"u8);
        consumed = buffer.GetPosition(head + 4 + length);
        return true;
    }

    private static int Number(ReadOnlySpan<byte> text, ReadOnlySpan<byte> after) =>
        Utf8Parser.TryParse(text[(text.IndexOf(after) + after.Length)..], out int value, out _) ? value : throw new FormatException("The request lacks a number.");

    private static byte[] Chunk(byte[] data) => [.. Encoding.ASCII.GetBytes(data.Length.ToString("X", CultureInfo.InvariantCulture)), .. "\r\n"u8, .. data, .. "\r\n"u8];

    private static long Ticks(int milliseconds) => milliseconds * Stopwatch.Frequency / 1000;

    private sealed class PacedStream(Socket socket, int tokens, long between, long arrived)
    {
        public Socket Socket => socket;

        public int Tokens => tokens;

        public long Between => between;

        public long Arrived => arrived;

        public long FirstAt { get; set; }

        public long Due { get; set; }

        public long Wait { get; set; }

        public int Sent { get; set; }
    }
}
