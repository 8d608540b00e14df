using System.Globalization;
using TokenFactory.Fuzz;

namespace TokenFactory.Benchmarks;

/// <summary>All mutated files that the project promises to withstand, in child processes: what came of them, and what they took.</summary>
internal static class HostileBenchmark
{
    private const int Cases = 100_000;

    public static void Run(TextWriter output)
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("TOKENFACTORY_FUZZ_COUNT"), NumberStyles.None, CultureInfo.InvariantCulture, out int given) ? given : Cases;
        if (!FuzzRun.Run(output, count, Math.Max(1, Environment.ProcessorCount / 2)))
        {
            Environment.ExitCode = 1;
        }
    }
}
