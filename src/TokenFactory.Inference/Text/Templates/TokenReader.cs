namespace TokenFactory.Inference.Text.Templates;

/// <summary>Reads tokens one by one.</summary>
internal sealed class TokenReader(List<Token> tokens)
{
    private int _at;

    public Token Current => tokens[_at];

    public Token Following => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    public Token Next()
    {
        Token token = tokens[_at];
        _at = Math.Min(_at + 1, tokens.Count - 1);
        return token;
    }

    public bool IsOperator(string op) => Current.Kind == TokenKind.Operator && Current.Value == op;

    public bool IsName(string name) => Current.Kind == TokenKind.Name && Current.Value == name;

    public bool SkipOperator(string op) => IsOperator(op) && Next().Kind == TokenKind.Operator;

    public bool SkipName(string name) => IsName(name) && Next().Kind == TokenKind.Name;

    public Token Expect(TokenKind kind) => Current.Kind == kind ? Next() : throw Unexpected(kind.ToString().ToLowerInvariant());

    public void ExpectOperator(string op)
    {
        if (!SkipOperator(op))
        {
            throw Unexpected($"'{op}'");
        }
    }

    public void ExpectName(string name)
    {
        if (!SkipName(name))
        {
            throw Unexpected($"'{name}'");
        }
    }

    public ChatTemplateException Error(string what) => ChatTemplateException.Invalid(what.Length <= 300 ? what : what[..300] + "…", Current.Line);

    private ChatTemplateException Unexpected(string expected) =>
        Error($"{expected} was expected, not {(Current.Value.Length == 0 ? Current.Kind.ToString().ToLowerInvariant() : $"'{Current.Value}'")}");
}
