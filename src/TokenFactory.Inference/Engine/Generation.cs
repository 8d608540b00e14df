using System.Diagnostics;
using TokenFactory.Core;
using TokenFactory.Inference.Text;

namespace TokenFactory.Inference.Engine;

/// <summary>One request on its way: written by the scheduler, read by whoever streams it.</summary>
/// <remarks>
/// The scheduler publishes tokens without locks and without garbage; text is made by the reader, except where stop strings need it
/// at once.
/// </remarks>
internal sealed class Generation : IGeneration, IThreadPoolWorkItem
{
    private const int FirstCapacity = 4096;

    private readonly TaskCompletionSource<GenerationResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Tokenizer? _tokenizer;
    private readonly GenerationReader _reader;
    private readonly StopMatcher? _stopMatcher;
    private readonly StreamingDetokenizer? _stopText;
    private readonly List<string>? _pieces;
    private readonly List<TokenLogProbability>? _logProbabilities;
    private CancellationTokenRegistration _cancellation;
    private Token[] _tokens;
    private int _count;
    private int _ended;
    private Exception? _failure;

    public Generation(GenerationRequest request, int mostTokens, int vocabulary, Tokenizer? tokenizer)
    {
        Request = request;
        MostTokens = mostTokens;
        _tokenizer = tokenizer;
        _tokens = new Token[Math.Min(mostTokens, FirstCapacity)];
        _reader = new GenerationReader(this);
        Penalties = Penalties.For(request.Sampling, request.InputTokens.Span, vocabulary);
        Submitted = Stopwatch.GetTimestamp();
        if (request.Sampling.StopStrings.Count > 0)
        {
            _stopMatcher = new StopMatcher(request.Sampling.StopStrings);
            _stopText = tokenizer?.CreateDetokenizer();
            _pieces = [];
        }

        if (request.Sampling.LogProbabilities is not null)
        {
            _logProbabilities = [];
        }
    }

    public readonly record struct Token(int Id, float LogProbability, long Timestamp, bool IsEnd, bool IsLast);

    public GenerationRequest Request { get; }

    /// <summary>Output tokens after which it ends.</summary>
    public int MostTokens { get; }

    public Penalties? Penalties { get; }

    /// <summary>When it was submitted, in ticks of <see cref="Stopwatch"/>.</summary>
    public long Submitted { get; }

    /// <summary>Order of arrival.</summary>
    public long Order { get; set; }

    public Slot? Slot { get; set; }

    /// <summary>Prompt tokens that are in the slot.</summary>
    public int Prefilled { get; set; }

    /// <summary>True once the prompt is done.</summary>
    public bool Decoding { get; set; }

    public int CachedTokens { get; set; }

    public int Count => Volatile.Read(ref _count);

    public Token Last => _tokens[_count - 1];

    public bool Ended => Volatile.Read(ref _ended) != 0;

    public FinishReason Reason { get; private set; }

    /// <summary>When it ended, in ticks of <see cref="Stopwatch"/>.</summary>
    public long EndedAt { get; private set; }

    public Exception? Failure => _failure;

    public Action<Generation>? Finishing { get; init; }

    public Func<Generation, GenerationResult>? Summarize { get; init; }

    public Task<GenerationResult> Completion => _completion.Task;

    public Token this[int index] => Volatile.Read(ref _tokens)[index];

    public IReadOnlyList<TokenLogProbability>? LogProbabilities => _logProbabilities;

    /// <summary>True when the pieces of text are made as tokens come.</summary>
    public bool HasPieces => _pieces is not null;

    public IAsyncEnumerator<GenerationFragment> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        _reader.Enumerate(cancellationToken).GetAsyncEnumerator(CancellationToken.None);

    public void CancelWith(CancellationToken cancellationToken) =>
        _cancellation = cancellationToken.UnsafeRegister(static g => ((Generation)g!).End(FinishReason.Cancelled), this);

    /// <summary>Adds a token. Only the scheduler calls it.</summary>
    /// <returns>Why it ended with this token; null when it goes on.</returns>
    public FinishReason? Add(int id, TokenLogProbability? logProbability, bool isEnd, long timestamp)
    {
        if (_count == _tokens.Length)
        {
            Token[] larger = new Token[Math.Min(MostTokens, _tokens.Length * 2)];
            _tokens.CopyTo(larger, 0);
            Volatile.Write(ref _tokens, larger);
        }

        if (logProbability is not null)
        {
            lock (_logProbabilities!)
            {
                _logProbabilities.Add(logProbability);
            }
        }

        Penalties?.Add(id);
        FinishReason? reason = isEnd ? FinishReason.Stop : _count + 1 >= MostTokens ? FinishReason.Length : null;
        if (_stopMatcher is not null)
        {
            string piece = isEnd ? "" : _stopMatcher.Add(_stopText?.Add(id) ?? "");
            if (!_stopMatcher.Stopped && reason is not null)
            {
                piece += _stopMatcher.Add(_stopText?.Flush() ?? "") + _stopMatcher.Flush();
            }

            reason = _stopMatcher.Stopped ? FinishReason.Stop : reason;
            lock (_pieces!)
            {
                _pieces.Add(piece);
            }
        }

        _tokens[_count] = new Token(id, logProbability?.LogProbability ?? float.NaN, timestamp, isEnd, reason is not null);
        Volatile.Write(ref _count, _count + 1);
        _reader.Wake();
        return reason;
    }

    public string Piece(int index)
    {
        lock (_pieces!)
        {
            return _pieces[index];
        }
    }

    /// <summary>Ends it, once: what comes later changes nothing.</summary>
    public bool End(FinishReason reason, Exception? failure = null)
    {
        if (Interlocked.CompareExchange(ref _ended, 1, 0) != 0)
        {
            return false;
        }

        Reason = reason;
        EndedAt = Stopwatch.GetTimestamp();
        _failure = failure;
        Volatile.Write(ref _ended, 2);
        Finishing?.Invoke(this);
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        _reader.Wake();
        return true;
    }

    /// <summary>True when its reason and failure can be read.</summary>
    public bool Settled => Volatile.Read(ref _ended) == 2;

    // The summary needs the whole text, which the scheduler's thread has no time for.
    void IThreadPoolWorkItem.Execute()
    {
        _cancellation.Dispose();
        try
        {
            if (_failure is not null)
            {
                _completion.TrySetException(_failure);
                _ = _completion.Task.Exception;
            }
            else
            {
                _completion.TrySetResult(Summarize!(this));
            }
        }
        catch (TokenFactoryException e)
        {
            _completion.TrySetException(e);
            _ = _completion.Task.Exception;
        }
    }

    public StreamingDetokenizer? CreateDetokenizer() => _tokenizer?.CreateDetokenizer();
}
