using System.Diagnostics;
using System.Globalization;
using TokenFactory.Core;
using TokenFactory.Fuzz;
using Xunit;

namespace TokenFactory.Inference.Tests.Models;

/// <summary>Mutated model folders: one clear error each, and no crash. TOKENFACTORY_FUZZ_COUNT sets how many (a tenth of them in child processes).</summary>
public sealed class HostileModelTests : IDisposable
{
    private const long MostMemory = 64L << 20;

    private readonly string _root = Directory.CreateTempSubdirectory("tokenfactory-").FullName;

    private static int Count => int.TryParse(Environment.GetEnvironmentVariable("TOKENFACTORY_FUZZ_COUNT"), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : 1500;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Mutated_folders_open_or_fail_with_one_of_our_errors()
    {
        var mutations = new ModelMutations(_root);
        int refused = 0;
        for (int number = 0; number < Count; number++)
        {
            string folder = mutations.Make(number, graphOnly: false);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                refused += ModelCase.Open(folder).ErrorId is null ? 0 : 1;
            }
            catch (Exception e) when (e is not TokenFactoryException)
            {
                Assert.Fail($"mutation {number}: {e}");
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostMemory);
        }

        Assert.InRange(refused, Count / 10, Count);
    }

    [Fact]
    public void Graphs_that_open_never_end_the_process_when_they_are_loaded_and_run()
    {
        string dll = typeof(ModelCase).Assembly.Location;
        var start = new ProcessStartInfo("dotnet", ["exec", dll, "sessions", Math.Max(100, Count / 10).ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output);
        Assert.Contains(" ran", output, StringComparison.Ordinal);
        Assert.Contains("\n0 crashes", output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }
}
