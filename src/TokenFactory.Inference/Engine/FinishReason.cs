namespace TokenFactory.Inference.Engine;

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>A stop token or stop string came.</summary>
    Stop,

    /// <summary>The most tokens that were asked for, or the context's end.</summary>
    Length,

    /// <summary>It was cancelled.</summary>
    Cancelled,
}
