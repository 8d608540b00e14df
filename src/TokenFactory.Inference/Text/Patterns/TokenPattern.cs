using TokenFactory.Inference.Text.Characters;

namespace TokenFactory.Inference.Text.Patterns;

/// <summary>
/// A compiled pattern over code points. .NET's own engine sees UTF-16 units, knows no possessive repetition or class intersection and
/// measures its limit by the clock; this one counts steps, so the same input always ends the same way.
/// </summary>
/// <remarks>Immutable and safe for concurrent use; a scan has a <see cref="PatternRun"/> of its own.</remarks>
internal sealed class TokenPattern
{
    private TokenPattern(string source, Instruction[] program, int registers, CodePointSet? first)
    {
        Source = source;
        Program = program;
        Registers = registers;
        First = first;
    }

    public string Source { get; }

    internal Instruction[] Program { get; }

    internal int Registers { get; }

    /// <summary>What a match may begin with; null when unknown.</summary>
    internal CodePointSet? First { get; }

    /// <exception cref="PatternException">The pattern is malformed or not supported.</exception>
    public static TokenPattern Parse(string pattern)
    {
        (PatternNode node, int groups, bool backreferences) = PatternParser.Parse(pattern);
        return Compile(pattern, node, groups, backreferences);
    }

    /// <summary>A pattern that matches a text literally.</summary>
    public static TokenPattern Literal(string text) =>
        Compile(text, new PatternNode.Sequence([.. text.EnumerateRunes().Select(r => new PatternNode.One(CodePointSet.Of(r.Value)))]), 0, false);

    /// <summary>A pattern that matches runs of characters of one of these sets.</summary>
    public static TokenPattern Runs(params IEnumerable<CodePointSet> sets) => Compile("", new PatternNode.Choice(
        [.. sets.Select(s => new PatternNode.Repeat(new PatternNode.One(s), 1, -1, RepeatMode.Greedy))]), 0, false);

    private static TokenPattern Compile(string source, PatternNode node, int groups, bool backreferences)
    {
        (Instruction[] program, int registers, CodePointSet? first) = PatternCompiler.Compile(node, groups, backreferences);
        return new TokenPattern(source, program, registers, first);
    }
}
