using System.Diagnostics;
using System.Text.Json;
using TokenFactory.Measurement.Load;

namespace TokenFactory.Measurement.Http;

/// <summary>Follows a stream of server-sent events to its end, with the time of each read.</summary>
/// <remarks>May be used for one stream after the other; its buffer stays.</remarks>
internal sealed class EventStreamReader
{
    private readonly EventStreamParser _parser = new();
    private readonly byte[] _buffer = new byte[8192];

    /// <summary>True when the end mark <c>[DONE]</c> has come.</summary>
    public bool Done => _parser.Done;

    /// <summary>True while a stream that did not end in time may still write into the buffer: the reader can't be used again.</summary>
    public bool IsLent { get; private set; }

    /// <summary>Reads to the end mark or to the end of the stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="trace">Gets what it says.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="JsonException">An event is not what the protocol says.</exception>
    public async ValueTask ReadAsync(Stream stream, RequestTrace trace, CancellationToken cancellationToken)
    {
        _parser.Begin(trace);
        while (!_parser.Settled)
        {
            int read = await stream.ReadAsync(_buffer, cancellationToken).ConfigureAwait(false);
            long now = Stopwatch.GetTimestamp();
            if (read == 0)
            {
                _parser.End(now);
                trace.MarkEnded(now);
                return;
            }

            _parser.Feed(_buffer.AsSpan(0, read), now);
            if (_parser.Settled)
            {
                trace.MarkEnded(now);
            }
        }
    }

    /// <summary>Reads what the server still sends after its end mark, so that the connection can be used again.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async ValueTask DrainAsync(Stream stream, CancellationToken cancellationToken)
    {
        for (int i = 0; i < 4; i++)
        {
            IsLent = true;
            ValueTask<int> reading = stream.ReadAsync(_buffer, cancellationToken);
            int read = reading.IsCompleted
                ? await reading.ConfigureAwait(false)
                : await reading.AsTask().WaitAsync(TimeSpan.FromSeconds(1), cancellationToken).ConfigureAwait(false);
            IsLent = false;
            if (read == 0)
            {
                return;
            }
        }
    }
}
