using System.Diagnostics;
using System.Globalization;

namespace TokenFactory.Benchmarks;

/// <summary>What importing the module costs beyond the bare host: whole processes, alternated.</summary>
internal static class ImportBenchmark
{
    private const int Rounds = 15;

    /// <summary>Prints the seconds that the import adds (median of paired differences) and those inside the host.</summary>
    /// <param name="output">Where to print.</param>
    public static void Run(TextWriter output)
    {
        string root = FindRoot();
        string manifest = Path.Combine(root, "out", "TokenFactory.Tools", "TokenFactory.Tools.psd1");
        if (!File.Exists(manifest))
        {
            output.WriteLine("import: skipped, the module is not built (build.ps1 Build).");
            return;
        }

        double[] added = new double[Rounds];
        double[] inside = new double[Rounds];
        Time(root, "exit", out _);
        for (int i = 0; i < Rounds; i++)
        {
            double bare = Time(root, "exit", out _);
            double with = Time(root, $"Import-Module '{manifest}'", out _);
            Time(root, $"$w = [Diagnostics.Stopwatch]::StartNew(); Import-Module '{manifest}'; $w.Elapsed.TotalSeconds.ToString([cultureinfo]::InvariantCulture)", out string text);
            added[i] = with - bare;
            inside[i] = double.Parse(text, CultureInfo.InvariantCulture);
        }

        Print(output, "import beyond bare pwsh", added);
        Print(output, "Import-Module inside pwsh", inside);
    }

    private static void Print(TextWriter output, string name, double[] seconds)
    {
        Array.Sort(seconds);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seconds {name} {seconds[seconds.Length / 2]:F3} ({seconds[0]:F3} … {seconds[^1]:F3})"));
    }

    private static double Time(string root, string command, out string output)
    {
        var start = new ProcessStartInfo("dotnet", ["pwsh", "-NoProfile", "-NonInteractive", "-Command", command])
        {
            WorkingDirectory = root,
            RedirectStandardOutput = true,
        };
        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("pwsh did not start.");
        output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "TokenFactory.Tools.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The benchmarks run outside the repository.");
    }
}
