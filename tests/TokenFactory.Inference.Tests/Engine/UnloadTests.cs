using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Onnx;
using TokenFactory.Inference.Providers;
using Xunit;

namespace TokenFactory.Inference.Tests.Engine;

/// <summary>What the system counts as this process's memory holds every test's: these run after all others, one after another.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone : ICollectionFixture<EngineModels>
{
    public const string Name = "alone";
}

/// <summary>An engine that is unloaded leaves no memory behind, the part that no collector sees included.</summary>
[Collection(Alone.Name)]
public sealed class UnloadTests(EngineModels models)
{
    private const int LoadsARound = 40;

    /// <summary>Rounds of loads. A leak grows by as much in each; what a warming process takes once, it takes in one or two.</summary>
    private const int Rounds = 6;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // A session of this model holds more than 2 MiB: forgetting one in eight would show.
    [Fact]
    public async Task LoadsAndUnloads_LeaveNothingBehind() => Assert.InRange(await LeastGrowthAsync(async _ =>
    {
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Int4);
        await engine.Submit(EngineModels.Request(EngineModels.Prompt(40, 1), 4), Token).Completion;
    }), long.MinValue, LoadsARound * (2L << 20) / 8);

    // Cache and sessions of this model hold more than 4 MiB.
    [Fact]
    public async Task LoadsAndUnloadsOfTheDevicesPath_LeaveNothingBehind() => Assert.InRange(await LeastGrowthAsync(async i =>
    {
        var mode = i % 2 == 0 ? DeviceMode.Handles : DeviceMode.Pointers;
        var options = new EngineOptions { Threads = 1, MaxBatch = 8, Provider = ExecutionProvider.Cpu, DevicePath = mode };
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Int4, options);
        await engine.Submit(EngineModels.Request(EngineModels.Prompt(40, 1), 4, s => s with { Temperature = i % 3, TopK = 5 * (i % 2) }), Token).Completion;
    }), long.MinValue, LoadsARound * (4L << 20) / 8);

    /// <summary>The round that grew least, in bytes outside the managed heap; the rounds end with the first that hardly grew.</summary>
    private static async Task<long> LeastGrowthAsync(Func<int, Task> load)
    {
        long least = long.MaxValue;
        for (int round = 0; round < Rounds && least > 1 << 20; round++)
        {
            long before = Unmanaged();
            for (int i = 0; i < LoadsARound; i++)
            {
                await load(i);
            }

            least = Math.Min(least, Unmanaged() - before);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{least} bytes in {LoadsARound} loads");
        return least;
    }

    private static long Unmanaged()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.WorkingSet64 - GC.GetGCMemoryInfo().TotalCommittedBytes;
    }
}
