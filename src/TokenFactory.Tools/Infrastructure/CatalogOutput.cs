using System.Management.Automation;
using TokenFactory.Core;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Writes the entries of the catalog that names and wildcards select.</summary>
internal static class CatalogOutput
{
    /// <summary>Writes matching entries in the catalog's order; a name without wildcards that matches nothing is an error.</summary>
    /// <param name="command">The command that writes.</param>
    /// <param name="patterns">Names or wildcard patterns.</param>
    /// <param name="entries">The catalog's entries.</param>
    /// <param name="name">An entry's name.</param>
    /// <param name="aliases">Its other names.</param>
    /// <param name="kind">What it is, in an error's words.</param>
    public static void Write<T>(
        Cmdlet command, string[] patterns, IReadOnlyList<T> entries, Func<T, string> name, Func<T, IReadOnlyList<string>> aliases, string kind)
    {
        foreach (string pattern in patterns)
        {
            WildcardPattern wildcard = WildcardPattern.Get(pattern, WildcardOptions.IgnoreCase);
            bool literal = !WildcardPattern.ContainsWildcardCharacters(pattern);
            T[] found = [.. entries.Where(e => wildcard.IsMatch(name(e)) || aliases(e).Any(wildcard.IsMatch))];

            // A name beats another entry's alias, as in a definition.
            T[] named = literal ? [.. found.Where(e => string.Equals(name(e), pattern, StringComparison.OrdinalIgnoreCase))] : [];
            command.WriteObject(named.Length > 0 ? named : found, enumerateCollection: true);
            if (found.Length == 0 && literal)
            {
                var failure = new TokenFactoryException($"{char.ToUpperInvariant(kind[0])}{kind[1..]}NotFound", FailureKind.NotFound,
                    $"The catalog has no {kind} '{pattern}'. The cmdlet without a name lists them; add your own in a catalog file or in the definition.", pattern);
                command.WriteError(failure.ToErrorRecord(pattern));
            }
        }
    }
}
