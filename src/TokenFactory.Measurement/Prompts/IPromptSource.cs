using TokenFactory.Measurement.Load;

namespace TokenFactory.Measurement.Prompts;

/// <summary>Gives the requests of a run. Thread-safe; the same place always gives the same request.</summary>
public interface IPromptSource
{
    /// <summary>The request at a place.</summary>
    /// <param name="index">The place, from 0.</param>
    /// <param name="entry">What a trace says of the request; null without one.</param>
    LoadRequest Create(long index, TraceEntry? entry = null);
}
