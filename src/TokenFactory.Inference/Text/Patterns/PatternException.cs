namespace TokenFactory.Inference.Text.Patterns;

/// <summary>A pattern can't be read, is of a kind that isn't supported, or takes too long.</summary>
internal sealed class PatternException(string message, bool unsupported = false) : Exception(message)
{
    public bool Unsupported { get; } = unsupported;
}
