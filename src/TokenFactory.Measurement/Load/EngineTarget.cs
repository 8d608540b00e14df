using System.Diagnostics;
using TokenFactory.Core;
using TokenFactory.Inference.Engine;

namespace TokenFactory.Measurement.Load;

/// <summary>Drives an engine in this process. Every token is a fragment, with the time at which the engine chose it.</summary>
/// <param name="engine">The engine; the caller disposes it.</param>
/// <param name="countEndTokens">True to let end tokens end an output; false makes every output as long as asked for.</param>
public sealed class EngineTarget(IGenerationEngine engine, bool countEndTokens = false) : ILoadTarget
{
    /// <inheritdoc/>
    public string Model => engine.Model.Name;

    /// <inheritdoc/>
    public string Provider => engine.Provider;

    /// <inheritdoc/>
    public string Api => "engine";

    /// <inheritdoc/>
    public bool InProcess => true;

    /// <inheritdoc/>
    public async ValueTask SendAsync(LoadRequest request, RequestTrace trace, CancellationToken cancellationToken)
    {
        var generation = new GenerationRequest
        {
            InputTokens = request.Tokens,
            Sampling = new SamplingOptions { MaxTokens = request.OutputTokens, IgnoreEndTokens = !countEndTokens },
        };
        trace.MarkSent();
        try
        {
            IGeneration running = engine.Submit(generation, cancellationToken);
            await foreach (GenerationFragment fragment in running.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                trace.AddFragment(fragment.Timestamp);
            }

            GenerationResult result = await running.Completion.ConfigureAwait(false);
            trace.MarkEnded(trace.FragmentCount > 0 ? trace.Fragments[^1] : Stopwatch.GetTimestamp());
            cancellationToken.ThrowIfCancellationRequested();
            trace.InputTokens = result.InputTokens;
            trace.CachedTokens = result.CachedTokens;
            trace.OutputTokens = result.OutputTokens;
            trace.FinishReason = result.FinishReason.ToString();
            if (request.KeepOutput)
            {
                trace.TokenIds = result.TokenIds;
            }

            if (trace.FragmentCount == 0)
            {
                trace.Failure = new RequestFailure(FailureReason.NoOutput, "The engine ended without a token.");
            }
        }
        catch (TokenFactoryException e)
        {
            trace.MarkEnded(Stopwatch.GetTimestamp());
            trace.Failure = new RequestFailure(FailureReason.EngineError, $"{e.ErrorId}: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
