using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Tools.Tests;

/// <summary>Every <c>It</c> of the Pester suites, in the real pwsh; once as it is and, where marked, once in each of two other cultures.</summary>
public sealed class PesterTests
{
    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(All))]
    public void Pester(string? failure) => Assert.True(failure is null, failure);

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(German))]
    public void PesterInGerman(string? failure) => Assert.True(failure is null, failure);

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(Turkish))]
    public void PesterInTurkish(string? failure) => Assert.True(failure is null, failure);

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(Five))]
    public void PesterFive(string? failure) => Assert.True(failure is null, failure);

    public static IEnumerable<TheoryDataRow<string?>> All() => PesterRun.Rows(Suites());

    public static IEnumerable<TheoryDataRow<string?>> German() => PesterRun.Rows(Suites(), "de-DE");

    public static IEnumerable<TheoryDataRow<string?>> Turkish() => PesterRun.Rows(Suites(), "tr-TR");

    public static IEnumerable<TheoryDataRow<string?>> Five() =>
        PesterRun.Rows(["tests/Pester/ShouldOperator.Tests.ps1", "examples/capacity.Tests.ps1"], pester: "PesterFive");

    private static IEnumerable<string> Suites() => new[] { "tests/Pester", "examples" }
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(TestData.RepositoryRoot, folder), "*.Tests.ps1"))
        .Select(path => Path.GetRelativePath(TestData.RepositoryRoot, path))
        .Order(StringComparer.Ordinal);
}
