using System.Diagnostics;
using System.Threading.Channels;
using TokenFactory.Core;

namespace TokenFactory.Inference.Engine;

/// <summary>Runs many prompts on an engine, so many at once, and gives what they yield in the order in which it comes.</summary>
/// <remarks>Safe for one adder and one reader at a time. A prompt that fails is one outcome; the others go on.</remarks>
public sealed class PromptBatch : IDisposable
{
    private readonly IGenerationEngine _engine;
    private readonly bool _stream;
    private readonly SemaphoreSlim _places;
    private readonly Channel<PromptOutcome> _outcomes = Channel.CreateUnbounded<PromptOutcome>(new UnboundedChannelOptions { SingleReader = true });
    private int _running;
    private bool _completed;

    /// <summary>Creates a batch.</summary>
    /// <param name="engine">The engine; it stays the caller's.</param>
    /// <param name="concurrency">Prompts at once.</param>
    /// <param name="stream">True to give fragments too.</param>
    public PromptBatch(IGenerationEngine engine, int concurrency, bool stream = false)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentOutOfRangeException.ThrowIfLessThan(concurrency, 1);
        _engine = engine;
        _stream = stream;
        _places = new SemaphoreSlim(concurrency);
    }

    /// <summary>What came, as it comes; ends after <see cref="Complete"/> when all prompts have ended.</summary>
    public ChannelReader<PromptOutcome> Outcomes => _outcomes.Reader;

    /// <summary>Adds a prompt once there is a place for it.</summary>
    /// <param name="index">The prompt's number.</param>
    /// <param name="choice">The answer's number.</param>
    /// <param name="request">The request.</param>
    /// <param name="cancellationToken">Cancels the waiting and the request.</param>
    public async Task AddAsync(int index, int choice, GenerationRequest request, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        Interlocked.Increment(ref _running);
        _ = RunAsync(index, choice, request, cancellationToken);
    }

    /// <summary>Says that no prompt will be added.</summary>
    public void Complete()
    {
        Volatile.Write(ref _completed, true);
        CloseWhenDone();
    }

    /// <inheritdoc/>
    public void Dispose() => _places.Dispose();

    private async Task RunAsync(int index, int choice, GenerationRequest request, CancellationToken cancellationToken)
    {
        try
        {
            long submitted = Stopwatch.GetTimestamp();
            IGeneration generation = _engine.Submit(request, cancellationToken);
            if (_stream)
            {
                await foreach (GenerationFragment fragment in generation.ConfigureAwait(false))
                {
                    _outcomes.Writer.TryWrite(new PromptOutcome(request, new PromptFragment
                    {
                        Index = index,
                        Choice = choice,
                        Prompt = request.Prompt,
                        Text = fragment.Text,
                        TokenId = fragment.TokenId,
                        LogProbability = fragment.LogProbability,
                        Seconds = Stopwatch.GetElapsedTime(submitted, fragment.Timestamp).TotalSeconds,
                    }, null, null));
                }
            }

            GenerationResult result = await generation.Completion.ConfigureAwait(false);
            _outcomes.Writer.TryWrite(new PromptOutcome(request, null, result with { Index = index, Choice = choice }, null));
        }
        catch (Exception e) when (e is TokenFactoryException or ObjectDisposedException)
        {
            _outcomes.Writer.TryWrite(new PromptOutcome(request, null, null, e));
        }
        finally
        {
            ReleasePlace();
            Interlocked.Decrement(ref _running);
            CloseWhenDone();
        }
    }

    private void ReleasePlace()
    {
        try
        {
            _places.Release();
        }
        catch (ObjectDisposedException)
        {
            // The reader left early; there is nobody to give the place to.
        }
    }

    private void CloseWhenDone()
    {
        if (Volatile.Read(ref _completed) && Volatile.Read(ref _running) == 0)
        {
            _outcomes.Writer.TryComplete();
        }
    }
}

/// <summary>One thing that a prompt yielded: exactly one of fragment, result and failure.</summary>
/// <param name="Request">The request.</param>
/// <param name="Fragment">A piece of the answer.</param>
/// <param name="Result">The finished answer.</param>
/// <param name="Failure">Why there is none.</param>
public sealed record PromptOutcome(GenerationRequest Request, PromptFragment? Fragment, GenerationResult? Result, Exception? Failure);
