using System.Diagnostics;
using System.Reflection;
using System.Xml.Linq;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Tools.Tests;

/// <summary>Runs Pester suites in the real pwsh against the built module and hands out every <c>It</c> as a test.</summary>
internal static class PesterRun
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(12);

    private static readonly Dictionary<string, string?> s_build = typeof(PesterRun).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().ToDictionary(a => a.Key, a => a.Value);

    /// <summary>Runs suites and returns a row a test.</summary>
    /// <param name="suites">The suites' files, relative to the repository.</param>
    /// <param name="culture">Runs only tests tagged <c>Culture</c>, under this culture; null runs all.</param>
    /// <param name="pester">Which Pester runs them: <c>Pester</c> or <c>PesterFive</c>.</param>
    public static IEnumerable<TheoryDataRow<string?>> Rows(IEnumerable<string> suites, string? culture = null, string pester = "Pester")
    {
        string results = Path.Combine(Path.GetTempPath(), $"tokenfactory-pester-{Guid.NewGuid():N}.xml");
        (int exitCode, string output) = Run(results, suites, culture, pester);
        if (!File.Exists(results))
        {
            throw new InvalidOperationException($"Pester wrote no results (exit code {exitCode}).\n{output}");
        }

        List<XElement> tests = [.. XDocument.Load(results).Descendants("testcase")];
        File.Delete(results);
        if (tests.Count == 0)
        {
            throw new InvalidOperationException($"Pester found no test.\n{output}");
        }

        foreach (XElement test in tests)
        {
            XElement? failure = test.Element("failure") ?? test.Element("error");
            yield return new TheoryDataRow<string?>(failure is null ? null : $"{(string?)failure.Attribute("message")}\n{failure.Value}")
            {
                Label = "",
                TestDisplayName = $"{(pester == "Pester" ? "" : pester + " ")}{(culture is null ? "" : culture + " ")}{Path.GetFileName((string?)test.Attribute("classname"))}: {(string?)test.Attribute("name")}",
                Skip = test.Element("skipped") is { } skipped ? (string?)skipped.Attribute("message") ?? "skipped in Pester without a reason" : null,
            };
        }
    }

    private static (int ExitCode, string Output) Run(string results, IEnumerable<string> suites, string? culture, string pester)
    {
        string root = TestData.RepositoryRoot;
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            Environment = { ["NO_COLOR"] = "1" },
        };
        string paths = string.Join(',', suites.Select(s => $"'{s}'"));
        string command = $"& ./tests/Pester/Invoke-Suite.ps1 -Pester '{s_build[pester]}' -Results '{results}' -Path {paths}"
            + (culture is null ? "" : $" -Culture {culture}");
        foreach (string argument in new[] { "pwsh", "-NoProfile", "-NonInteractive", "-Command", command })
        {
            start.ArgumentList.Add(argument);
        }

        using Process pwsh = Process.Start(start) ?? throw new InvalidOperationException("pwsh did not start.");
        pwsh.StandardInput.Close();
        Task<string> output = pwsh.StandardOutput.ReadToEndAsync();
        Task<string> errors = pwsh.StandardError.ReadToEndAsync();
        if (!pwsh.WaitForExit(s_limit))
        {
            pwsh.Kill(entireProcessTree: true);
            return (-1, $"pwsh did not end within {s_limit}.");
        }

        return (pwsh.ExitCode, output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult());
    }
}
