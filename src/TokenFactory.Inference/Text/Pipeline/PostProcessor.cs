namespace TokenFactory.Inference.Text.Pipeline;

/// <summary>Puts special tokens around a text's tokens: a list of which an empty entry is the text's own.</summary>
internal sealed class PostProcessor(IReadOnlyList<PostProcessor.Part> parts)
{
    public static PostProcessor None { get; } = new([new Part(null, null)]);

    public IReadOnlyList<Part> Parts => parts;

    /// <summary>This around what <paramref name="inner"/> makes.</summary>
    public PostProcessor Around(PostProcessor inner)
    {
        var all = new List<Part>();
        foreach (Part part in parts)
        {
            if (part.Id is null)
            {
                all.AddRange(inner.Parts);
            }
            else
            {
                all.Add(part);
            }

            if (all.Count > 4096)
            {
                throw TokenizerException.Invalid("The tokenizer's post-processors add too many tokens. Check post_processor in tokenizer.json.");
            }
        }

        return new PostProcessor(all);
    }

    /// <summary>A special token, or the text's own tokens when the id is null.</summary>
    internal sealed record Part(int? Id, string? Token);
}
