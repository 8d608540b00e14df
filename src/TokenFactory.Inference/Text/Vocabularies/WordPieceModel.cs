namespace TokenFactory.Inference.Text.Vocabularies;

/// <summary>Longest match first; what continues a word carries a prefix. A word with a part that isn't there is unknown as a whole.</summary>
internal sealed class WordPieceModel(Vocabulary vocabulary, string unknown, string prefix, int longest) : TokenModel(vocabulary)
{
    public override void Tokenize(ReadOnlySpan<char> piece, List<ModelToken> output)
    {
        int characters = 0;
        foreach (char c in piece)
        {
            characters += char.IsLowSurrogate(c) ? 0 : 1;
        }

        int before = output.Count;
        if (characters > longest || !TrySplit(piece, output))
        {
            output.RemoveRange(before, output.Count - before);
            if (!Vocabulary.TryGet(unknown, out int id))
            {
                throw TokenizerException.UnknownToken("a word");
            }

            output.Add(new ModelToken(id, 0, piece.Length));
        }
    }

    private bool TrySplit(ReadOnlySpan<char> piece, List<ModelToken> output)
    {
        char[] continued = new char[prefix.Length + piece.Length];
        prefix.CopyTo(continued);
        for (int start = 0; start < piece.Length;)
        {
            if (start > 0)
            {
                piece[start..].CopyTo(continued.AsSpan(prefix.Length));
            }

            int end = piece.Length;
            int id = -1;
            while (end > start)
            {
                ReadOnlySpan<char> candidate = start > 0 ? continued.AsSpan(0, prefix.Length + end - start) : piece[..end];
                if (Vocabulary.TryGet(candidate, out id))
                {
                    break;
                }

                id = -1;
                end -= end - start >= 2 && char.IsLowSurrogate(piece[end - 1]) ? 2 : 1;
            }

            if (id < 0)
            {
                return false;
            }

            output.Add(new ModelToken(id, start, end));
            start = end;
        }

        return true;
    }
}
