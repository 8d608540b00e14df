using TokenFactory.Inference.Providers;
using Xunit;

namespace TokenFactory.Inference.Tests.Providers;

public sealed class ProviderTests
{
    [Fact]
    public void TheProcessorAlwaysOpens()
    {
        ProviderChoice choice = ProviderSelector.Choose(ExecutionProvider.Cpu);
        Assert.Equal(ExecutionProvider.Cpu, choice.Provider);
    }

    [Fact]
    public void AutoTakesWhatOpensAndSaysWhyNotTheOthers()
    {
        ProviderChoice choice = ProviderSelector.Choose(ExecutionProvider.Auto);
        foreach (ExecutionProviderInfo info in ProviderSelector.Probe(CancellationToken.None))
        {
            if (info.Provider == choice.Provider)
            {
                Assert.True(info.Usable);
                Assert.Null(info.Reason);
            }
            else if (!info.Usable)
            {
                Assert.False(string.IsNullOrWhiteSpace(info.Reason));
            }
        }

        Assert.Contains(choice.Provider.ToString(), choice.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void AProviderThatDoesNotOpenIsAnErrorThatSaysWhatToDo()
    {
        ExecutionProviderInfo? unusable = ProviderSelector.Probe(CancellationToken.None).FirstOrDefault(p => p is { Usable: false, NextStep: not null });
        Assert.SkipWhen(unusable is null, "Every provider works here.");
        ProviderException failure = Assert.Throws<ProviderException>(() => ProviderSelector.Choose(unusable.Provider));
        Assert.Equal("ProviderUnavailable", failure.ErrorId);
        Assert.Contains(unusable.NextStep!, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryPackageHasAHashOfTheRightLengthAndMatchesTheManagedVersion()
    {
        Version managed = typeof(Microsoft.ML.OnnxRuntime.InferenceSession).Assembly.GetName().Version!;
        foreach (ProviderPackage package in ProviderPackage.All)
        {
            Assert.Equal(64, Convert.FromBase64String(package.Sha512).Length);
            Version version = Version.Parse(package.Version);
            Assert.True(version.Major == 1 && managed.Major <= 1, "ONNX Runtime 1.x");
            Assert.StartsWith(MinorOfOnnxRuntime(), package.Version, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task AnAlteredPackageIsRefusedAndNothingIsInstalled()
    {
        ProviderPackage? package = ProviderPackage.Find(ExecutionProvider.Cuda);
        Assert.SkipWhen(package is null, "No CUDA package is known for this platform.");
        using var folder = new TemporaryData();
        await File.WriteAllTextAsync(Path.Join(folder.Path, $"{package.Package}.{package.Version}.nupkg"), "not a package", TestContext.Current.CancellationToken);
        ProviderException failure = await Assert.ThrowsAsync<ProviderException>(
            () => ProviderInstaller.InstallAsync(ExecutionProvider.Cuda, folder.Path, null, TestContext.Current.CancellationToken));
        Assert.Equal("ProviderPackageUntrusted", failure.ErrorId);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Join(folder.Path, "data", "providers")));
    }

    [Fact]
    public async Task AFolderWithoutThePackageIsAnErrorThatNamesTheFile()
    {
        ProviderPackage? package = ProviderPackage.Find(ExecutionProvider.Cuda);
        Assert.SkipWhen(package is null, "No CUDA package is known for this platform.");
        using var folder = new TemporaryData();
        ProviderException failure = await Assert.ThrowsAsync<ProviderException>(
            () => ProviderInstaller.InstallAsync(ExecutionProvider.Cuda, folder.Path, null, TestContext.Current.CancellationToken));
        Assert.Equal("ProviderPackageNotFound", failure.ErrorId);
        Assert.Contains($"{package.Package}.{package.Version}.nupkg", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheLibrariesThatANativeLibraryNeedsAreReadFromIt()
    {
        string? library = Directory.EnumerateFiles(AppContext.BaseDirectory, "*onnxruntime*", SearchOption.AllDirectories)
            .FirstOrDefault(f => f.Contains($"{Path.DirectorySeparatorChar}{ProviderPackage.CurrentRuntimeIdentifier}{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
                && (f.EndsWith(".so", StringComparison.Ordinal) || f.EndsWith("onnxruntime.dll", StringComparison.Ordinal)));
        Assert.SkipWhen(library is null, "No ELF or PE library of ONNX Runtime is beside the tests on this platform.");
        IReadOnlyList<string> needed = NativeImports.Needed(library);
        Assert.Contains(needed, n => n.StartsWith("libc.so", StringComparison.Ordinal) || n.Equals("KERNEL32.dll", StringComparison.OrdinalIgnoreCase));
        Assert.Empty(NativeImports.Missing(library));
    }

    private static string MinorOfOnnxRuntime() => string.Join('.', Microsoft.ML.OnnxRuntime.OrtEnv.Instance().GetVersionString().Split('.').Take(2)) + ".";

    private sealed class TemporaryData : IDisposable
    {
        private readonly string? _before = Environment.GetEnvironmentVariable("TOKENFACTORY_DATA");

        public TemporaryData()
        {
            Path = Directory.CreateTempSubdirectory("tokenfactory-").FullName;
            Environment.SetEnvironmentVariable("TOKENFACTORY_DATA", System.IO.Path.Join(Path, "data"));
        }

        public string Path { get; }

        public void Dispose()
        {
            Environment.SetEnvironmentVariable("TOKENFACTORY_DATA", _before);
            Directory.Delete(Path, recursive: true);
        }
    }
}
