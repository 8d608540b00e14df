using Microsoft.ML.OnnxRuntime;
using TokenFactory.Core;

namespace TokenFactory.Inference.Providers;

/// <summary>The provider that a model runs on, and why it is this one.</summary>
/// <param name="Provider">The provider; never Auto.</param>
/// <param name="DeviceId">The device's index.</param>
/// <param name="Explanation">Why this one was taken and not the others.</param>
public sealed record ProviderChoice(ExecutionProvider Provider, int DeviceId, string Explanation);

/// <summary>Chooses an execution provider by trying: what ONNX Runtime lists as available may still fail to open.</summary>
public static class ProviderSelector
{
    /// <summary>The best first; Auto walks down it.</summary>
    internal static IReadOnlyList<ExecutionProvider> Order { get; } =
    [
        ExecutionProvider.Cuda, ExecutionProvider.MIGraphX, ExecutionProvider.DirectML, ExecutionProvider.WebGpu, ExecutionProvider.Cpu,
    ];

    private static readonly Dictionary<(ExecutionProvider, int), string?> s_tried = [];
    private static readonly Lock s_gate = new();

    /// <summary>Chooses the provider for a model.</summary>
    /// <param name="requested">What the user asked for.</param>
    /// <param name="deviceId">The device's index.</param>
    /// <exception cref="ProviderException"><c>ProviderUnavailable</c> when a provider other than Auto was asked for and does not open.</exception>
    public static ProviderChoice Choose(ExecutionProvider requested, int deviceId = 0)
    {
        if (requested != ExecutionProvider.Auto)
        {
            return Try(requested, deviceId) is { } reason
                ? throw new ProviderException("ProviderUnavailable", FailureKind.NotSupported, $"{requested} can't be used: {reason} {NextStep(requested)}".TrimEnd(), requested)
                : new ProviderChoice(requested, deviceId, $"{requested} was asked for.");
        }

        List<string> passed = [];
        foreach (ExecutionProvider provider in Order)
        {
            if ((Try(provider, deviceId) ?? Objection(provider)) is not { } reason)
            {
                return new ProviderChoice(provider, deviceId, Explain(provider, passed));
            }

            passed.Add($"{provider}: {reason}");
        }

        throw new ProviderException("ProviderUnavailable", FailureKind.NotSupported,
            $"No execution provider opens, not even the processor. {string.Join(' ', passed)}", requested);
    }

    /// <summary>Why a provider can't be used at all; null when a small graph ran on it.</summary>
    internal static string? Refusal(ExecutionProvider provider, int deviceId) => Try(provider, deviceId);

    /// <summary>Says which provider was taken and why not the better ones.</summary>
    internal static string Explain(ExecutionProvider provider, IReadOnlyCollection<string> passed) =>
        passed.Count == 0 ? $"{provider} opened first." : $"{provider}; {string.Join(' ', passed)}";

    /// <summary>Adds a chosen provider to a session's options.</summary>
    /// <param name="options">The options.</param>
    /// <param name="provider">The provider; never Auto.</param>
    /// <param name="deviceId">The device's index.</param>
    public static void Apply(SessionOptions options, ExecutionProvider provider, int deviceId)
    {
        string device = deviceId.ToString(System.Globalization.CultureInfo.InvariantCulture);
        switch (provider)
        {
            case ExecutionProvider.Cpu:
                break;
            case ExecutionProvider.Cuda:
                using (var cuda = new OrtCUDAProviderOptions())
                {
                    cuda.UpdateOptions(new Dictionary<string, string>
                    {
                        ["device_id"] = device,
                        // Doubling would take as much again as the keys and values need.
                        ["arena_extend_strategy"] = "kSameAsRequested",
                    });
                    options.AppendExecutionProvider_CUDA(cuda);
                }

                break;
            case ExecutionProvider.WebGpu:
                options.AppendExecutionProvider("WebGPU", new Dictionary<string, string> { ["deviceId"] = device });
                break;
            case ExecutionProvider.DirectML:
                options.AppendExecutionProvider_DML(deviceId);
                break;
            case ExecutionProvider.CoreML:
                options.AppendExecutionProvider("CoreML", []);
                break;
            case ExecutionProvider.MIGraphX:
                options.AppendExecutionProvider_MIGraphX(deviceId);
                break;
            case ExecutionProvider.OpenVino:
                options.AppendExecutionProvider_OpenVINO();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(provider), provider, "Choose a provider first.");
        }
    }

    /// <summary>What this machine can use and what is missing for the rest.</summary>
    /// <param name="cancellationToken">Stops between providers.</param>
    public static IEnumerable<ExecutionProviderInfo> Probe(CancellationToken cancellationToken)
    {
        IReadOnlyList<InstalledProvider> installed = ProviderFolder.Installed();
        foreach (ExecutionProvider provider in Enum.GetValues<ExecutionProvider>().Where(p => p != ExecutionProvider.Auto))
        {
            cancellationToken.ThrowIfCancellationRequested();
            InstalledProvider? found = installed.FirstOrDefault(i => i.Provider == provider);
            string? reason = Try(provider, 0);
            yield return new ExecutionProviderInfo
            {
                Provider = provider,
                Usable = reason is null,
                Reason = reason ?? Objection(provider),
                NextStep = reason is null ? null : NextStep(provider) is { Length: > 0 } step ? step : null,
                Missing = reason is null ? [] : MissingLibraries(found),
                Installed = found is not null,
                Version = found?.Version,
                Path = found?.Path,
            };
        }
    }

    // Null when a session opened and ran; else why not. A failure is remembered: a library does not appear within a process.
    private static string? Try(ExecutionProvider provider, int deviceId)
    {
        lock (s_gate)
        {
            if (!s_tried.TryGetValue((provider, deviceId), out string? reason))
            {
                s_tried[(provider, deviceId)] = reason = Open(provider, deviceId);
            }

            return reason;
        }
    }

    private static string? Open(ExecutionProvider provider, int deviceId)
    {
        try
        {
            using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
            Apply(options, provider, deviceId);
            if (provider != ExecutionProvider.Cpu)
            {
                options.AddSessionConfigEntry("session.disable_cpu_ep_fallback", "1");
            }

            using var session = new InferenceSession(ProbeGraph.Bytes(), options);
            using OrtValue input = OrtValue.CreateTensorValueFromMemory(new float[] { 1, 2, 3, 4 }, [2, 2]);
            using var run = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, ["x"], [input], ["y"]);
            return outputs[0].GetTensorDataAsSpan<float>()[3] == 22 ? null : "it computed a wrong product.";
        }
        catch (EntryPointNotFoundException)
        {
            return "this build of ONNX Runtime does not carry it.";
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or BadImageFormatException)
        {
            throw Unusable(provider, e);
        }
        catch (OnnxRuntimeException e)
        {
            return Short(e.Message);
        }
    }

    // The native library itself: nothing runs in this process any more.
    private static ProviderException Unusable(ExecutionProvider provider, Exception failure)
    {
        string version = typeof(InferenceSession).Assembly.GetName().Version!.ToString(2);
        string from = UserFolders.ActiveProvider is { } folder ? $" It was looked for in '{folder}' first." : "";
        string todo = Environment.GetEnvironmentVariable("TOKENFACTORY_PROVIDER_PATH") is { Length: > 0 }
            ? $"Set TOKENFACTORY_PROVIDER_PATH to a folder with a build of ONNX Runtime {version} for {ProviderPackage.CurrentRuntimeIdentifier}, or remove it, and start a new session."
            : $"Install the provider again, or reinstall the module, and start a new session (it needs ONNX Runtime {version} for {ProviderPackage.CurrentRuntimeIdentifier}).";
        return new ProviderException("ProviderLibraryUnusable", FailureKind.NotSupported,
            $"ONNX Runtime's native library is missing, of another version or for another platform.{from} {todo}", provider, failure);
    }

    /// <summary>Why Auto leaves a provider that opens; null when it may take it.</summary>
    internal static string? Objection(ExecutionProvider provider) =>
        provider == ExecutionProvider.WebGpu && OperatingSystem.IsLinux() && !HasLinuxGpu()
            ? "it opens, but this machine shows no GPU (no render node, NVIDIA or WSL device file): a software device would be slower than the processor. Ask for it by name to use it."
            : null;

    private static bool HasLinuxGpu() =>
        File.Exists("/dev/nvidiactl") || File.Exists("/dev/dxg")
        || (Directory.Exists("/dev/dri") && Directory.EnumerateFileSystemEntries("/dev/dri", "renderD*").Any());

    private static IReadOnlyList<string> MissingLibraries(InstalledProvider? installed)
    {
        if (installed is null)
        {
            return [];
        }

        SortedSet<string> missing = new(StringComparer.Ordinal);
        foreach (string library in Directory.EnumerateFiles(installed.Path)
            .Where(f => Path.GetFileName(f).Contains($"providers_{installed.Provider}", StringComparison.OrdinalIgnoreCase)))
        {
            missing.UnionWith(NativeImports.Missing(library));
        }

        return [.. missing];
    }

    private static string NextStep(ExecutionProvider provider)
    {
        InstalledProvider? installed = ProviderFolder.Installed().FirstOrDefault(i => i.Provider == provider);
        if (installed is not null)
        {
            IReadOnlyList<string> missing = MissingLibraries(installed);
            return missing.Count == 0
                ? "It is installed: start a new session if this one had loaded ONNX Runtime before."
                : $"Install what is missing: {string.Join(", ", missing)}{(provider == ExecutionProvider.Cuda ? " (NVIDIA driver for libcuda, CUDA 13 for the rest)" : "")}.";
        }

        if (ProviderPackage.Find(provider) is not null)
        {
            return $"Run Install-TokenFactoryProvider {provider}.";
        }

        return provider switch
        {
            ExecutionProvider.Cpu => "",
            ExecutionProvider.DirectML when !OperatingSystem.IsWindows() => "",
            ExecutionProvider.CoreML when !OperatingSystem.IsMacOS() => "",
            _ => "No official package of this version is known for this platform: set TOKENFACTORY_PROVIDER_PATH to a folder with a build of ONNX Runtime that has it.",
        };
    }

    private static string Short(string message)
    {
        string first = message.Split('\n')[0].Trim();
        if (first.StartsWith("[ErrorCode:", StringComparison.Ordinal))
        {
            first = first[(first.IndexOf(']', StringComparison.Ordinal) + 1)..].Trim();
        }

        int marker = first.LastIndexOf(" : ", StringComparison.Ordinal);
        string text = marker >= 0 && marker + 3 < first.Length ? first[(marker + 3)..] : first;
        return text.EndsWith('.') ? text : text + ".";
    }
}
