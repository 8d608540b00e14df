using System.Runtime.CompilerServices;
using Xunit;

namespace TokenFactory.TestSupport;

/// <summary>Finds reference data that is not part of the repository.</summary>
internal static class TestData
{
    /// <summary>
    /// The full path of a file or folder of the reference data: below TOKENFACTORY_TESTDATA, else beside the checkout. The test is
    /// skipped with the reason where it is absent.
    /// </summary>
    /// <param name="relativePath">The path inside the data folder.</param>
    public static string Require(string relativePath)
    {
        string path = Path.Combine(Root, relativePath);
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            Assert.Skip($"Reference data '{relativePath}' is not here: set TOKENFACTORY_TESTDATA to its folder.");
        }

        return path;
    }

    /// <summary>The folder of the reference data, whether it exists or not.</summary>
    public static string Root => Environment.GetEnvironmentVariable("TOKENFACTORY_TESTDATA") is { Length: > 0 } folder
        ? folder
        : Path.GetFullPath(Path.Combine(RepositoryRoot, "..", "shared", "data"));

    /// <summary>The repository's root.</summary>
    public static string RepositoryRoot => s_repositoryRoot.Value;

    private static readonly Lazy<string> s_repositoryRoot = new(() => FindRoot());

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "TokenFactory.Tools.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"The tests run outside the repository ({thisFile}).");
    }
}
