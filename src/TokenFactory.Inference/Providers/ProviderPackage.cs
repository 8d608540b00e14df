using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace TokenFactory.Inference.Providers;

/// <summary>The official NuGet package that carries a provider's native libraries for one platform.</summary>
public sealed record ProviderPackage
{
    private static readonly Lazy<List<ProviderPackage>> s_all = new(Read);

    /// <summary>The provider.</summary>
    public required ExecutionProvider Provider { get; init; }

    /// <summary>The platform: <c>linux-x64</c>, <c>win-x64</c>.</summary>
    public required string RuntimeIdentifier { get; init; }

    /// <summary>The package's id.</summary>
    public required string Package { get; init; }

    /// <summary>Its version: of the same minor version as the managed ONNX Runtime that the module carries.</summary>
    public required string Version { get; init; }

    /// <summary>SHA-512 of the package file, base 64.</summary>
    public required string Sha512 { get; init; }

    /// <summary>Size of the package file, bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>Where the figures came from.</summary>
    public required string Source { get; init; }

    /// <summary>The platform that this process runs on.</summary>
    public static string CurrentRuntimeIdentifier { get; } =
        (OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")
        + "-" + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    /// <summary>All packages that are known.</summary>
    public static IReadOnlyList<ProviderPackage> All => s_all.Value;

    /// <summary>The package of a provider for a platform; null when there is none.</summary>
    /// <param name="provider">The provider.</param>
    /// <param name="runtimeIdentifier">The platform; null is this one.</param>
    public static ProviderPackage? Find(ExecutionProvider provider, string? runtimeIdentifier = null) =>
        All.FirstOrDefault(p => p.Provider == provider && p.RuntimeIdentifier == (runtimeIdentifier ?? CurrentRuntimeIdentifier));

    private static List<ProviderPackage> Read()
    {
        using Stream stream = typeof(ProviderPackage).Assembly.GetManifestResourceStream("Providers/packages.json")
            ?? throw new InvalidOperationException("The list of provider packages is not in the assembly.");
        return JsonSerializer.Deserialize<List<ProviderPackage>>(stream, s_options)
            ?? throw new InvalidOperationException("The list of provider packages is empty.");
    }

    private static readonly JsonSerializerOptions s_options = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter<ExecutionProvider>() },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };
}
