using System.Diagnostics;
using System.Globalization;
using TokenFactory.Core;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Text;

namespace TokenFactory.Inference.Engine;

/// <summary>A loaded ONNX language model that serves many requests at once on one scheduler thread. Safe for concurrent use.</summary>
/// <remarks>
/// Requests join and leave the batch at any step. Token ids of a request are the same alone and among others: always for fp32
/// graphs whose cache is in place, and for int4 products that our kernels compute; for quantized products of ONNX Runtime in any two batches of
/// two rows or more. Graphs with a growing cache promise it to the last bit with <see cref="EngineOptions.Exact"/> only.
/// </remarks>
public sealed class InferenceEngine : IGenerationEngine
{
    private const long SmallestBudget = 64L << 20;

    private readonly DecoderSession _session;
    private readonly DecoderRunner _runner;
    private readonly Scheduler _scheduler;
    private int _disposed;

    /// <summary>The native session, for a benchmark that runs the same weights without the engine.</summary>
    internal DecoderSession Session => _session;

    private InferenceEngine(ModelInfo model, Tokenizer? tokenizer, DecoderSession session, DecoderRunner runner, Scheduler scheduler, double loadSeconds)
    {
        Model = model;
        Tokenizer = tokenizer;
        _session = session;
        _runner = runner;
        _scheduler = scheduler;
        LoadSeconds = loadSeconds;
    }

    /// <inheritdoc/>
    public ModelInfo Model { get; }

    /// <summary>The model's tokenizer; null when its folder has none, and then results have no text.</summary>
    public Tokenizer? Tokenizer { get; }

    /// <inheritdoc/>
    public string Provider => _session.Provider.Provider.ToString();

    /// <summary>Why this provider was taken and not the others.</summary>
    public string ProviderExplanation => _session.Provider.Explanation;

    /// <summary>Longest sequence, prompt and output together, tokens.</summary>
    public int ContextTokens => _runner.Capacity;

    /// <summary>
    /// True when a sequence may go on past the context: every layer has a sliding window, and the tokens behind it are dropped. An answer
    /// without a limit still ends at the context.
    /// </summary>
    public bool SlidesPastContext => _runner.SlidingTokens > 0;

    /// <summary>When it was loaded.</summary>
    public DateTimeOffset LoadedAt { get; } = DateTimeOffset.Now;

    /// <summary>Seconds that loading took.</summary>
    public double LoadSeconds { get; }

    /// <summary>What the engine has done, as of its last pause between requests.</summary>
    public EngineStatistics Statistics => _scheduler.Statistics;

    /// <summary>Loads a model.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="tokenizer">Its tokenizer; null for results without text.</param>
    /// <param name="options">How it is scheduled; null for the defaults.</param>
    /// <param name="progress">Gets 0 to 1; null for none.</param>
    /// <param name="cancellationToken">Ends the loading at once; what was half loaded is released in the background.</param>
    /// <exception cref="TokenFactoryException"><c>ModelNotLoadable</c>, <c>ProviderUnavailable</c>, <c>ProviderNotSupported</c>, <c>OutOfMemory</c>, <c>DeviceOutOfMemory</c>.</exception>
    public static InferenceEngine Load(
        ModelFolder folder, Tokenizer? tokenizer = null, EngineOptions? options = null, IProgress<float>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return Load(folder.Info, folder.Graph, tokenizer, options, progress, cancellationToken);
    }

    /// <summary>Loads a model from its description and graph; see <see cref="Load(ModelFolder, Tokenizer?, EngineOptions?, IProgress{float}?, CancellationToken)"/>.</summary>
    /// <param name="model">What is told about it.</param>
    /// <param name="graph">How to drive it.</param>
    /// <param name="tokenizer">Its tokenizer; null for results without text.</param>
    /// <param name="options">How it is scheduled; null for the defaults.</param>
    /// <param name="progress">Gets 0 to 1; null for none.</param>
    /// <param name="cancellationToken">Ends the loading at once.</param>
    public static InferenceEngine Load(
        ModelInfo model, DecoderGraph graph, Tokenizer? tokenizer = null, EngineOptions? options = null, IProgress<float>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(graph);
        options ??= new EngineOptions();
        Check(options);
        long start = Stopwatch.GetTimestamp();
        progress?.Report(0);
        EngineParts parts = EngineParts.Open(graph, options, model.WeightBytes, cancellationToken);
        try
        {
            progress?.Report(0.9f);
            var scheduler = new Scheduler(parts.Runner, options, model.EndTokenIds, parts.BudgetTokens);
            progress?.Report(1);
            return new InferenceEngine(model, tokenizer, parts.Session, parts.Runner, scheduler, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        catch
        {
            parts.Runner.Dispose();
            parts.Session.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public IGeneration Submit(GenerationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        SamplingLimits.Check(request.Sampling);
        int length = request.InputTokens.Length;
        if (length == 0)
        {
            throw new TokenFactoryException("PromptEmpty", FailureKind.InvalidInput, "The prompt has no tokens. Give a text.", request.Prompt);
        }

        if (length >= ContextTokens && !SlidesPastContext)
        {
            string reason = _runner.SlidingObstacle;
            throw new TokenFactoryException("PromptTooLong", FailureKind.InvalidInput, string.Create(CultureInfo.InvariantCulture,
                $"The prompt has {length} tokens and leaves no room for an answer in a context of {ContextTokens}; old tokens can't be dropped to go on, because {reason}. Shorten the prompt or use a model with a longer context."), request.Prompt);
        }

        foreach (int token in request.InputTokens.Span)
        {
            if ((uint)token >= (uint)_session.Graph.VocabularySize)
            {
                throw new TokenFactoryException("TokenInvalid", FailureKind.InvalidInput, string.Create(CultureInfo.InvariantCulture,
                    $"The prompt has the token {token}, but the model's vocabulary ends at {_session.Graph.VocabularySize - 1}. Use the tokenizer of this model."), request.Prompt);
            }
        }

        int mostTokens = SlidesPastContext ? request.Sampling.MaxTokens ?? (length < ContextTokens ? ContextTokens - length : ContextTokens)
            : Math.Min(request.Sampling.MaxTokens ?? int.MaxValue, ContextTokens - length);
        var generation = new Generation(request, mostTokens, _session.Graph.VocabularySize, Tokenizer) { Finishing = _scheduler.Ended, Summarize = Summarize };
        if (cancellationToken.IsCancellationRequested)
        {
            generation.End(FinishReason.Cancelled);
            return generation;
        }

        generation.CancelWith(cancellationToken);
        _scheduler.Submit(generation);
        return generation;
    }

    /// <summary>Ends all requests as cancelled and releases everything native.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _scheduler.Dispose();
            _runner.Dispose();
            _session.Dispose();
        }
    }

    /// <summary>Slots, tokens of each, and tokens that all may hold together, in host memory.</summary>
    internal static (int Slots, int Capacity, long BudgetTokens) Geometry(DecoderGraph graph, EngineOptions options)
    {
        int context = Math.Min(options.ContextTokens ?? int.MaxValue, graph.ContextTokens > 0 ? graph.ContextTokens : 4096);
        long tokenBytes = Math.Max(1, graph.KvBytesPerToken);
        if (graph.CacheMode == CacheMode.Growing)
        {
            if (!graph.RopeSwitchByLength)
            {
                // It can't be shown in the first chunk that the prompt passes the switch.
                context = Math.Min(context, graph.RopeSwitchTokens ?? int.MaxValue);
            }

            // A step reads the past and writes the present: both are there at once.
            tokenBytes *= 2;
        }

        long budget = options.KvMemoryBytes ?? Math.Max(SmallestBudget, SystemMemory.AvailableBytes() / 2);
        long budgetTokens = Math.Min(budget / tokenBytes, (long)context * options.MaxBatch);
        int capacity = (int)Math.Min(context, budgetTokens);
        if (capacity < 2)
        {
            throw new TokenFactoryException("OutOfMemory", FailureKind.ResourceUnavailable, string.Create(CultureInfo.InvariantCulture,
                $"One token of this model takes {tokenBytes} bytes of keys and values, and only {budget} bytes may be used. Free memory or raise the limit."));
        }

        return (options.MaxBatch, capacity, budgetTokens);
    }

    private static void Check(EngineOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxBatch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SmallestChunk, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.LargestChunk, options.SmallestChunk);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.ChunkShare, 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads ?? 1, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ContextTokens ?? 2, 2);
    }

    private GenerationResult Summarize(Generation generation)
    {
        int count = generation.Count;
        int[] ids = new int[count];
        var text = new System.Text.StringBuilder();
        StreamingDetokenizer? detokenizer = generation.HasPieces ? null : generation.CreateDetokenizer();
        for (int i = 0; i < count; i++)
        {
            Generation.Token token = generation[i];
            ids[i] = token.Id;
            text.Append(generation.HasPieces ? generation.Piece(i) : token.IsEnd ? "" : detokenizer?.Add(token.Id));
        }

        text.Append(detokenizer?.Flush());
        double Seconds(long from, long to) => (double)(to - from) / Stopwatch.Frequency;
        return new GenerationResult
        {
            Prompt = generation.Request.Prompt,
            Text = text.ToString(),
            TokenIds = ids,
            LogProbabilities = generation.LogProbabilities?.Take(count).ToArray(),
            Model = Model.Name,
            Provider = Provider,
            InputTokens = generation.Request.InputTokens.Length,
            CachedTokens = generation.CachedTokens,
            OutputTokens = count,
            FinishReason = generation.Reason,
            TtftSeconds = count > 0 ? Seconds(generation.Submitted, generation[0].Timestamp) : null,
            TpotSeconds = count > 1 ? Seconds(generation[0].Timestamp, generation[count - 1].Timestamp) / (count - 1) : null,
            E2eSeconds = Seconds(generation.Submitted, generation.EndedAt),
            RandomWeights = Model.RandomWeights,
        };
    }
}
