using System.Management.Automation;
using TokenFactory.Core;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Resolves paths as the session sees them: its location and its drives, never the process's directory.</summary>
internal static class SessionPaths
{
    /// <summary>The file-system paths that a parameter names.</summary>
    /// <param name="session">The session.</param>
    /// <param name="path">What was typed.</param>
    /// <param name="literal">True when wildcards are taken literally.</param>
    /// <exception cref="TokenFactoryException"><c>PathNotFound</c> or <c>PathNotFileSystem</c>.</exception>
    public static IEnumerable<string> ResolveExisting(SessionState session, string path, bool literal)
    {
        if (literal || !WildcardPattern.ContainsWildcardCharacters(path))
        {
            string full = Unresolved(session, path);
            return File.Exists(full) || Directory.Exists(full) ? [full] : throw NotFound(path, full);
        }

        IEnumerable<string> matches;
        ProviderInfo provider;
        try
        {
            matches = session.Path.GetResolvedProviderPathFromPSPath(path, out provider);
        }
        catch (ItemNotFoundException)
        {
            throw NotFound(path, path);
        }

        RequireFileSystem(provider, path);
        return matches;
    }

    /// <summary>The full path that a parameter names, whether it exists or not.</summary>
    /// <param name="session">The session.</param>
    /// <param name="path">What was typed.</param>
    /// <exception cref="TokenFactoryException"><c>PathNotFileSystem</c> or <c>PathNotFound</c>.</exception>
    public static string Unresolved(SessionState session, string path)
    {
        try
        {
            string full = session.Path.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
            RequireFileSystem(provider, path);
            return full;
        }
        catch (System.Management.Automation.DriveNotFoundException e)
        {
            throw new TokenFactoryException("PathNotFound", FailureKind.NotFound, $"The drive of '{path}' does not exist.", path, e);
        }
    }

    private static void RequireFileSystem(ProviderInfo provider, string path)
    {
        if (!string.Equals(provider.Name, "FileSystem", StringComparison.OrdinalIgnoreCase))
        {
            throw new TokenFactoryException("PathNotFileSystem", FailureKind.InvalidInput,
                $"'{path}' is on the {provider.Name} provider. Give a path of the file system.", path);
        }
    }

    private static TokenFactoryException NotFound(string path, string full) =>
        new("PathNotFound", FailureKind.NotFound, $"'{path}' does not exist (looked for '{full}'). Check the path.", path);
}
