namespace TokenFactory.Core.Definitions;

/// <summary>What kind of mistake a definition has.</summary>
public enum DefinitionProblemKind
{
    /// <summary>The text is no YAML that is read here: encoding, indentation, duplicate keys, limits.</summary>
    Syntax,

    /// <summary>A key or a value has the wrong form: what the JSON schema refuses too.</summary>
    Structure,

    /// <summary>Each value is well formed, but together they make no sense: an unknown name, shares beyond 100 %.</summary>
    Meaning,
}

/// <summary>One mistake in a factory definition.</summary>
/// <param name="File">The file, or what else the text came from: <c>-Set 'site.power=2 GW'</c>.</param>
/// <param name="Line">Line from 1.</param>
/// <param name="Column">Column from 1.</param>
/// <param name="Path">The key that it is about: <c>tiers.premium.price.output</c>; empty for the whole file.</param>
/// <param name="Message">What is wrong and what is wanted.</param>
/// <param name="Excerpt">The line's text with a mark under the mistake; empty when there is none.</param>
/// <param name="Kind">What kind of mistake it is.</param>
public sealed record DefinitionProblem(
    string File, int Line, int Column, string Path, string Message, string Excerpt, DefinitionProblemKind Kind)
{
    /// <summary>The mistake as compilers write it, with the pointer into the text below it.</summary>
    public override string ToString() =>
        $"{File}:{Line}:{Column}: {(Path.Length == 0 ? "" : Path + ": ")}{Message}{(Excerpt.Length == 0 ? "" : Environment.NewLine + Excerpt)}";
}
