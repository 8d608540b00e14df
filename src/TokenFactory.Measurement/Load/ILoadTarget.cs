namespace TokenFactory.Measurement.Load;

/// <summary>Something that answers requests with streams: a local engine, a server.</summary>
public interface ILoadTarget : IAsyncDisposable
{
    /// <summary>The model's name.</summary>
    string Model { get; }

    /// <summary>The execution provider, or the server's address without credentials and query.</summary>
    string Provider { get; }

    /// <summary><c>engine</c>, <c>chat</c> or <c>completions</c>.</summary>
    string Api { get; }

    /// <summary>True when it runs in this process, so that its work delays this side's timers without making the figures wrong.</summary>
    bool InProcess { get; }

    /// <summary>Sends a request and follows its stream to the end.</summary>
    /// <param name="request">The request.</param>
    /// <param name="trace">Gets timestamps, counts and the failure. A failed request does not throw.</param>
    /// <param name="cancellationToken">Gives the request up.</param>
    /// <exception cref="OperationCanceledException">
    /// The token was cancelled. A target may also return without marking the trace's end: exceptions for thousands of requests take long.
    /// </exception>
    ValueTask SendAsync(LoadRequest request, RequestTrace trace, CancellationToken cancellationToken);
}
