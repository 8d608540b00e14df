namespace TokenFactory.Core.Definitions;

/// <summary>A factory definition has mistakes; all of them are in <see cref="Problems"/>. Its error id is <c>DefinitionInvalid</c>.</summary>
public sealed class DefinitionException : TokenFactoryException
{
    private const int Shown = 25;

    /// <summary>Creates the failure.</summary>
    /// <param name="name">The file that was read, or what else the text came from.</param>
    /// <param name="problems">The mistakes, at least one.</param>
    public DefinitionException(string name, IReadOnlyList<DefinitionProblem> problems)
        : base("DefinitionInvalid", FailureKind.InvalidInput, Text(name, problems), name) => Problems = problems;

    /// <summary>The mistakes in the text's order.</summary>
    public IReadOnlyList<DefinitionProblem> Problems { get; }

    private static string Text(string name, IReadOnlyList<DefinitionProblem> problems)
    {
        string count = problems.Count == 1 ? "one mistake" : $"{problems.Count} mistakes";
        IEnumerable<string> lines = problems.Take(Shown).Select(p => p.ToString());
        string more = problems.Count > Shown ? $"{Environment.NewLine}... and {problems.Count - Shown} more." : "";
        return $"{name} has {count}. Correct and read it again:{Environment.NewLine}{string.Join(Environment.NewLine, lines)}{more}";
    }
}
