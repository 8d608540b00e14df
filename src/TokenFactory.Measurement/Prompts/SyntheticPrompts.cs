using System.Text;
using TokenFactory.Measurement.Load;

namespace TokenFactory.Measurement.Prompts;

/// <summary>Synthetic prompts: of one length, or of the lengths and shared blocks that a trace prescribes.</summary>
/// <remarks>Every prompt differs from its first token on, so that no prefix cache helps, unless a trace's blocks say that they are equal.</remarks>
/// <param name="writer">Makes the tokens or the text.</param>
/// <param name="inputTokens">Input tokens of a request without a trace entry.</param>
/// <param name="outputTokens">Output tokens of a request without a trace entry.</param>
/// <param name="seed">Seed of the run.</param>
public sealed class SyntheticPrompts(IPromptWriter writer, int inputTokens, int outputTokens, ulong seed) : IPromptSource
{
    private const ulong BlockStreams = 1UL << 62;

    /// <inheritdoc/>
    public LoadRequest Create(long index, TraceEntry? entry = null)
    {
        int input = entry?.InputTokens ?? inputTokens;
        int output = Math.Max(1, entry?.OutputTokens ?? outputTokens);
        return entry is { Blocks.Count: > 0 }
            ? FromBlocks(index, entry, input, output)
            : new LoadRequest
            {
                Index = index,
                Tokens = writer.WriteTokens(input, seed, (ulong)index),
                Text = writer.WriteText(input, seed, (ulong)index),
                OutputTokens = output,
            };
    }

    private LoadRequest FromBlocks(long index, TraceEntry entry, int input, int output)
    {
        List<int> tokens = new(input);
        StringBuilder? text = null;
        int left = input;
        for (int i = 0; i < entry.Blocks.Count && left > 0; i++)
        {
            // The last block ends with the prompt; a trace that names too few blocks has the rest in its last one.
            int length = i == entry.Blocks.Count - 1 ? left : Math.Min(left, TraceEntry.BlockTokens);
            ulong stream = BlockStreams + (ulong)entry.Blocks[i];
            tokens.AddRange(writer.WriteTokens(length, seed, stream));
            if (writer.WriteText(length, seed, stream) is { } piece)
            {
                (text ??= new StringBuilder()).Append(piece);
            }

            left -= length;
        }

        return new LoadRequest { Index = index, Tokens = tokens.ToArray(), Text = text?.ToString(), OutputTokens = output };
    }
}
