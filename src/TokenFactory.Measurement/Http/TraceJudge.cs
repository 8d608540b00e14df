using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using TokenFactory.Measurement.Load;

namespace TokenFactory.Measurement.Http;

/// <summary>Says of a request whose stream is over whether it succeeded, and if not, why.</summary>
internal sealed class TraceJudge(ServerOptions options)
{
    private const int LongestMessage = 300;

    /// <summary>Judges a stream that came to its end.</summary>
    /// <param name="trace">The request.</param>
    /// <param name="done">True when the end mark came.</param>
    public void Judge(RequestTrace trace, bool done)
    {
        if (trace.Failure is { } failure)
        {
            Fail(trace, failure.Reason, failure.Message);
        }
        else if (!done && !trace.AllFinished)
        {
            Fail(trace, FailureReason.StreamTruncated, FormattableString.Invariant(
                $"The stream ended after {trace.FragmentCount} fragments without {(trace.FinishReason is null ? "a finish reason" : "a finish reason of each choice")} or an end mark."));
        }
        else if (trace.FragmentCount == 0)
        {
            Fail(trace, FailureReason.NoOutput, "The stream ended well, but no fragment had any output.");
        }
        else if (trace.Text is { } text && options.CountTokens is { } count)
        {
            trace.ClientTokens = count(text.ToString());
        }
    }

    /// <summary>Judges an answer that is over.</summary>
    /// <param name="trace">The request.</param>
    /// <param name="response">The answer.</param>
    public void Judge(RequestTrace trace, ResponseReader response)
    {
        if (response.OtherType is { } type)
        {
            NotStreamed(trace, type, response.Body);
        }
        else if (response.Status is < 200 or >= 300)
        {
            Refused(trace, response.Status, response.Body, response.Reason, response.RetryAfter);
        }
        else
        {
            Judge(trace, response.Done);
        }
    }

    /// <summary>The server has closed the connection; true when that is a failure, and noted.</summary>
    /// <param name="trace">The request.</param>
    /// <param name="response">The answer so far.</param>
    /// <param name="now">When that was seen.</param>
    public bool Closed(RequestTrace trace, ResponseReader response, long now)
    {
        if (response.Close(now) || response.Done)
        {
            return false;
        }

        if (response.HasHead && response.Status is >= 200 and < 300)
        {
            Fail(trace, FailureReason.StreamTruncated, "The server closed the connection inside the stream.");
        }
        else if (response.HasHead)
        {
            return false;
        }
        else
        {
            Fail(trace, FailureReason.ConnectionLost, "The server closed the connection before it answered.");
        }

        return true;
    }

    /// <summary>Notes an answer without success.</summary>
    /// <param name="trace">The request.</param>
    /// <param name="status">The status.</param>
    /// <param name="body">The beginning of the body.</param>
    /// <param name="reason">The words beside the status.</param>
    /// <param name="retryAfter">When to try again, as the server said; null when it did not.</param>
    public void Refused(RequestTrace trace, int status, ReadOnlySpan<byte> body, string? reason, RetryConditionHeaderValue? retryAfter) =>
        Fail(trace, FailureReason.HttpStatus, status is >= 300 and < 400
            ? "The server sends the request elsewhere, which is not followed, so that a key goes nowhere else: give that address as -Uri."
            : (ServerEvent.ErrorMessage(body) is { Length: > 0 } message ? message : reason ?? "") + After(retryAfter), status);

    /// <summary>Notes an answer that is no stream.</summary>
    /// <param name="trace">The request.</param>
    /// <param name="type">Its media type.</param>
    /// <param name="body">The beginning of the body.</param>
    public void NotStreamed(RequestTrace trace, string? type, ReadOnlySpan<byte> body) => Fail(trace, FailureReason.NotStreamed,
        $"The server answered with {type} and no stream of events{(ServerEvent.StatedError(body) is { } said ? ": " + said : ".")}");

    /// <summary>Notes a failure, with the secret and all control characters taken out of the message.</summary>
    /// <param name="trace">The request.</param>
    /// <param name="reason">The kind.</param>
    /// <param name="message">What happened.</param>
    /// <param name="status">The status of the answer; null when that is not the reason.</param>
    public void Fail(RequestTrace trace, FailureReason reason, string message, int? status = null)
    {
        if (trace.EndTimestamp == 0)
        {
            trace.MarkEnded(Stopwatch.GetTimestamp());
        }

        trace.Failure = new RequestFailure(reason, OneLine(message), status);
    }

    private static string After(RetryConditionHeaderValue? retryAfter) => retryAfter switch
    {
        { Delta: { } delta } => FormattableString.Invariant($" (retry after {delta.TotalSeconds:0.###} s)"),
        { Date: { } date } => FormattableString.Invariant($" (retry after {date.UtcDateTime:u})"),
        _ => "",
    };

    private string OneLine(string message)
    {
        string clean = options.ApiKey?.Redact(message) ?? message;
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
}
