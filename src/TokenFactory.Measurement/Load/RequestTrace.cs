using System.Diagnostics;
using System.Text;

namespace TokenFactory.Measurement.Load;

/// <summary>What happened to one request, as raw timestamps. Reused from request to request, so that a run allocates little.</summary>
/// <remarks>
/// Timestamps are <see cref="Stopwatch"/> ticks. A target calls <see cref="MarkSent()"/> just before the request leaves,
/// <see cref="AddFragment"/> for each non-empty fragment with the time at which its bytes were there, and sets the rest as it learns it.
/// Not thread-safe: one request is one flow of control.
/// </remarks>
public sealed class RequestTrace
{
    private long[] _fragments = new long[64];
    private ulong _choices;
    private ulong _finished;

    /// <summary>The request's place in the run.</summary>
    public long Index { get; set; }

    /// <summary>Number of the session that it belongs to; −1 when it stands alone.</summary>
    public int Session { get; set; } = -1;

    /// <summary>Its turn in the session, from 0.</summary>
    public int Turn { get; set; }

    /// <summary>When it was due to be sent; 0 when it was due at once.</summary>
    public long DueTimestamp { get; set; }

    /// <summary>When it was sent.</summary>
    public long SentTimestamp { get; private set; }

    /// <summary>When its stream ended.</summary>
    public long EndTimestamp { get; private set; }

    /// <summary>Times of the non-empty fragments in order.</summary>
    public ReadOnlySpan<long> Fragments => _fragments.AsSpan(0, FragmentCount);

    /// <summary>Number of non-empty fragments.</summary>
    public int FragmentCount { get; private set; }

    /// <summary>Input tokens as the target counted them; null when it did not say.</summary>
    public int? InputTokens { get; set; }

    /// <summary>Of them, those that it did not compute again; null when it did not say.</summary>
    public int? CachedTokens { get; set; }

    /// <summary>Output tokens as the target counted them; null when it did not say.</summary>
    public int? OutputTokens { get; set; }

    /// <summary>Output tokens as a tokenizer on this side counted them; null without one.</summary>
    public int? ClientTokens { get; set; }

    /// <summary>Why the output ended, as the target put it.</summary>
    public string? FinishReason { get; set; }

    /// <summary>True when every choice that began has a finish reason; false while there is none.</summary>
    public bool AllFinished => FinishReason is not null && _choices == _finished;

    /// <summary>Why it failed; null when it succeeded.</summary>
    public RequestFailure? Failure { get; set; }

    /// <summary>The output's text, collected only when something needs it; null otherwise.</summary>
    public StringBuilder? Text { get; set; }

    /// <summary>The output's tokens, collected only when a session goes on with them; null otherwise.</summary>
    public IReadOnlyList<int>? TokenIds { get; set; }

    /// <summary>Output tokens: as the target counted them, else this side's tokenizer, else the fragments.</summary>
    public int EffectiveOutputTokens => OutputTokens ?? ClientTokens ?? FragmentCount;

    /// <summary>Seconds from sending to the first fragment; null when there was none.</summary>
    public double? TtftSeconds => FragmentCount == 0 ? null : Seconds(SentTimestamp, _fragments[0]);

    /// <summary>(last fragment − first fragment) / (output tokens − 1), seconds; null for fewer than two tokens or fragments.</summary>
    public double? TpotSeconds => FragmentCount < 2 || EffectiveOutputTokens < 2
        ? null
        : Seconds(_fragments[0], _fragments[FragmentCount - 1]) / (EffectiveOutputTokens - 1);

    /// <summary>Seconds from sending to the end of the stream.</summary>
    public double E2eSeconds => Seconds(SentTimestamp, EndTimestamp);

    /// <summary>Marks the request as sent now.</summary>
    public void MarkSent() => MarkSent(Stopwatch.GetTimestamp());

    /// <summary>Marks the request as sent.</summary>
    /// <param name="timestamp">When.</param>
    public void MarkSent(long timestamp) => SentTimestamp = timestamp;

    /// <summary>Adds a non-empty fragment.</summary>
    /// <param name="timestamp">When its bytes were there.</param>
    public void AddFragment(long timestamp)
    {
        if (FragmentCount == _fragments.Length)
        {
            Array.Resize(ref _fragments, _fragments.Length * 2);
        }

        _fragments[FragmentCount++] = timestamp;
    }

    /// <summary>Notes that a choice has begun, or has its finish reason. Choices from 63 on count as one.</summary>
    /// <param name="index">The choice's number.</param>
    /// <param name="finished">True when it gave its finish reason.</param>
    public void MarkChoice(int index, bool finished)
    {
        ulong bit = 1UL << Math.Clamp(index, 0, 63);
        _choices |= bit;
        if (finished)
        {
            _finished |= bit;
        }
    }

    /// <summary>Marks the stream as ended.</summary>
    /// <param name="timestamp">When.</param>
    public void MarkEnded(long timestamp) => EndTimestamp = timestamp;

    /// <summary>Makes it ready for another request.</summary>
    public void Reset()
    {
        Index = 0;
        Session = -1;
        Turn = 0;
        DueTimestamp = SentTimestamp = EndTimestamp = 0;
        FragmentCount = 0;
        InputTokens = CachedTokens = OutputTokens = ClientTokens = null;
        FinishReason = null;
        _choices = _finished = 0;
        Failure = null;
        TokenIds = null;
        Text = null;
    }

    private static double Seconds(long from, long to) => (double)(to - from) / Stopwatch.Frequency;
}
