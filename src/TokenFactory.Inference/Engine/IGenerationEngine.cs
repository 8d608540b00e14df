using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Engine;

/// <summary>A loaded model that takes many requests at once.</summary>
public interface IGenerationEngine : IDisposable
{
    /// <summary>The model.</summary>
    ModelInfo Model { get; }

    /// <summary>The execution provider that runs it: <c>Cpu</c>, <c>Cuda</c>, …</summary>
    string Provider { get; }

    /// <summary>Adds a request. It starts as soon as the scheduler admits it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellationToken">Cancels this request alone.</param>
    /// <exception cref="Core.TokenFactoryException"><c>PromptTooLong</c>, <c>PromptEmpty</c>, <c>SamplingInvalid</c>.</exception>
    IGeneration Submit(GenerationRequest request, CancellationToken cancellationToken = default);
}

/// <summary>One running request: its fragments as they come, and its result.</summary>
public interface IGeneration : IAsyncEnumerable<GenerationFragment>
{
    /// <summary>Completes with the result; also when nobody reads the fragments.</summary>
    Task<GenerationResult> Completion { get; }
}
