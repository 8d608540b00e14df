namespace TokenFactory.Inference.Text.Vocabularies;

/// <summary>Whole pieces only.</summary>
internal sealed class WordLevelModel(Vocabulary vocabulary, string unknown) : TokenModel(vocabulary)
{
    public override void Tokenize(ReadOnlySpan<char> piece, List<ModelToken> output)
    {
        if (!Vocabulary.TryGet(piece, out int id) && !Vocabulary.TryGet(unknown, out id))
        {
            throw TokenizerException.UnknownToken("a word");
        }

        output.Add(new ModelToken(id, 0, piece.Length));
    }
}
