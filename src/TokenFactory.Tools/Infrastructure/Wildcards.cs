using System.Management.Automation;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Matches names against wildcard patterns as the shell does.</summary>
internal static class Wildcards
{
    /// <summary>True when a pattern matches the name, or there is no pattern. Case does not matter.</summary>
    /// <param name="patterns">The patterns; null or none is all.</param>
    /// <param name="name">The name.</param>
    public static bool Match(string[]? patterns, string name) => patterns is not { Length: > 0 }
        || Array.Exists(patterns, p => WildcardPattern.Get(p, WildcardOptions.IgnoreCase).IsMatch(name));
}
