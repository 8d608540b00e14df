using System.Diagnostics;
using Xunit;

namespace TokenFactory.Measurement.Tests.Reports;

/// <summary>A headless Chromium, where there is one.</summary>
internal static class Chromium
{
    private static readonly string[] s_names =
        OperatingSystem.IsWindows() ? ["chrome.exe", "msedge.exe"] : ["chromium", "chromium-browser", "google-chrome"];

    /// <summary>The page's document after its scripts ran; the test is skipped with the reason where there is no browser.</summary>
    /// <param name="page">Full path of the page.</param>
    /// <param name="arguments">More of the browser's switches.</param>
    public static async Task<string> DumpAsync(string page, params string[] arguments)
    {
        string? browser = Find();
        Assert.SkipWhen(browser is null, $"No headless Chromium is on the PATH ({string.Join(", ", s_names)}).");
        string profile = Directory.CreateTempSubdirectory("tokenfactory-chromium-").FullName;
        try
        {
            var start = new ProcessStartInfo(browser,
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--virtual-time-budget=20000", $"--user-data-dir={profile}", .. arguments, "--dump-dom", new Uri(page).AbsoluteUri,
            ])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process process = Process.Start(start) ?? throw new InvalidOperationException("The browser did not start.");
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string document = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, await errors);
            return document;
        }
        finally
        {
            TryDelete(profile);
        }
    }

    private static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => s_names.Select(name => Path.Join(folder, name))).FirstOrDefault(File.Exists);

    private static void TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (IOException)
        {
            // A browser's last process may still write; the system clears its temporary folder.
        }
    }
}
