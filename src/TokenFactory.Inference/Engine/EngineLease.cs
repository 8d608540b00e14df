namespace TokenFactory.Inference.Engine;

/// <summary>The use of a loaded model. Disposing it gives the model back to the cache, which keeps it for the next use.</summary>
public sealed class EngineLease : IDisposable
{
    private Action? _return;

    internal EngineLease(InferenceEngine engine, Action onReturn)
    {
        Engine = engine;
        _return = onReturn;
    }

    /// <summary>The model.</summary>
    public InferenceEngine Engine { get; }

    /// <summary>Ends the use.</summary>
    public void Dispose() => Interlocked.Exchange(ref _return, null)?.Invoke();
}
