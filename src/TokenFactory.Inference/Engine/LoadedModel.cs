namespace TokenFactory.Inference.Engine;

/// <summary>A model that is loaded in this process.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Path">Its folder.</param>
/// <param name="Provider">What runs it.</param>
/// <param name="WeightBytes">Bytes of its weights.</param>
/// <param name="InUse">True while a command uses it; it then leaves when the command ends.</param>
public sealed record LoadedModel(string Name, string Path, string Provider, long WeightBytes, bool InUse)
{
    /// <summary>Bytes of keys and values that it holds now, those of ended requests that wait for reuse included.</summary>
    public long KvBytes { get; init; }

    /// <summary>Bytes of keys and values that it may come to hold.</summary>
    public long KvMemoryBytes { get; init; }

    /// <summary>When it was loaded.</summary>
    public DateTimeOffset LoadedAt { get; init; }
}
