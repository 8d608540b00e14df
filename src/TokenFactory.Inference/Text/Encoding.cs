namespace TokenFactory.Inference.Text;

/// <summary>A text as tokens.</summary>
/// <param name="Ids">The ids, special tokens included where they were asked for.</param>
/// <param name="Tokens">Each token as the vocabulary spells it (byte-level vocabularies spell a space <c>Ġ</c>).</param>
/// <param name="Offsets">
/// The characters of the text that each token covers; a token of half a character covers it whole, and an added special token
/// is empty at 0. The spaces that belong to a token are inside.
/// </param>
public sealed record Encoding(IReadOnlyList<int> Ids, IReadOnlyList<string> Tokens, IReadOnlyList<TextRange> Offsets);

/// <summary>A range of a text in UTF-16 units.</summary>
/// <param name="Start">The first unit.</param>
/// <param name="End">One past the last unit.</param>
public readonly record struct TextRange(int Start, int End);
