using System.Diagnostics;
using System.Runtime.CompilerServices;
using TokenFactory.Core;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Models;

namespace TokenFactory.Measurement.Tests.Fakes;

/// <summary>An engine whose tokens cost nothing, so that what is tested is the measuring.</summary>
internal sealed class FakeEngine : IGenerationEngine
{
    private int _inFlight;

    public ModelInfo Model { get; } = new() { Name = "fake", Path = "/fake", ContextTokens = 4096, VocabularySize = 1000, RandomWeights = true };

    public string Provider => "Fake";

    public int MostInFlight { get; private set; }

    public List<GenerationRequest> Requests { get; } = [];

    /// <summary>Requests of this length fail.</summary>
    public int RefusedLength { get; init; } = -1;

    /// <summary>Tokens wait for this; null means that they do not.</summary>
    public TaskCompletionSource? Gate { get; init; }

    public IGeneration Submit(GenerationRequest request, CancellationToken cancellationToken = default)
    {
        lock (Requests)
        {
            Requests.Add(request);
            MostInFlight = Math.Max(MostInFlight, ++_inFlight);
        }

        if (request.InputTokens.Length == RefusedLength)
        {
            Ended();
            throw new TokenFactoryException("PromptTooLong", FailureKind.InvalidInput, "The prompt is too long.");
        }

        return new Generation(this, request, cancellationToken);
    }

    public void Dispose()
    {
    }

    private void Ended()
    {
        lock (Requests)
        {
            _inFlight--;
        }
    }

    private sealed class Generation(FakeEngine engine, GenerationRequest request, CancellationToken stop) : IGeneration
    {
        private readonly TaskCompletionSource<GenerationResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<GenerationResult> Completion => _completion.Task;

        public async IAsyncEnumerator<GenerationFragment> GetAsyncEnumerator(CancellationToken cancellationToken = default)
        {
            await foreach (GenerationFragment fragment in FragmentsAsync(cancellationToken))
            {
                yield return fragment;
            }
        }

        private async IAsyncEnumerable<GenerationFragment> FragmentsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            int count = request.Sampling.MaxTokens ?? 1;
            try
            {
                for (int i = 0; i < count; i++)
                {
                    if (engine.Gate is { } gate)
                    {
                        await gate.Task.WaitAsync(stop);
                    }

                    await Task.Yield();
                    stop.ThrowIfCancellationRequested();
                    yield return new GenerationFragment(i, "x", Stopwatch.GetTimestamp(), null);
                }
            }
            finally
            {
                engine.Ended();
            }

            _completion.SetResult(new GenerationResult
            {
                Text = new string('x', count),
                TokenIds = [.. Enumerable.Range(500, count)],
                InputTokens = request.InputTokens.Length,
                OutputTokens = count,
                FinishReason = FinishReason.Length,
            });
        }
    }
}
