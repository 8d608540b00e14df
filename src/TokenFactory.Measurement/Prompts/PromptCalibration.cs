using TokenFactory.Measurement.Load;

namespace TokenFactory.Measurement.Prompts;

/// <summary>Finds how many tokens a server adds to a prompt, so that synthetic prompts have the length that was asked for in its own count.</summary>
public static class PromptCalibration
{
    /// <summary>Sends up to three short requests and sets the writer's overhead.</summary>
    /// <param name="target">The server.</param>
    /// <param name="writer">Gets the overhead.</param>
    /// <param name="inputTokens">The length that is wanted.</param>
    /// <param name="seed">Seed of the run; the probes' prompts are none of its own.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Input tokens of the last probe by the server's count; null when it does not say or the requests failed.</returns>
    public static async Task<int?> RunAsync(
        ILoadTarget target, WordPromptWriter writer, int inputTokens, ulong seed, CancellationToken cancellationToken)
    {
        var trace = new RequestTrace();
        int? counted = null;
        for (int probe = 0; probe < 3; probe++)
        {
            trace.Reset();
            string text = writer.WriteText(inputTokens, seed, (1UL << 61) + (ulong)probe);
            await target.SendAsync(new LoadRequest { Index = -1, Text = text, OutputTokens = 1 }, trace, cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (trace.InputTokens is not { } tokens)
            {
                return counted;
            }

            counted = tokens;
            if (tokens == inputTokens)
            {
                break;
            }

            // A prompt can't be shorter than one word: what the template adds beyond is then reported by the usage.
            writer.Overhead = Math.Min(inputTokens - 1, writer.Overhead + tokens - inputTokens);
        }

        return counted;
    }
}
