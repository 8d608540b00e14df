using TokenFactory.Hardware.Probing;
using TokenFactory.Hardware.Roofline;

namespace TokenFactory.Hardware.Doctor;

/// <summary>Looks for what stands between this machine's hardware and serving.</summary>
public static class HardwareDoctor
{
    /// <summary>Examines the machine once.</summary>
    /// <param name="options">How to look at it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Issues, the worst first; none on a machine in order.</returns>
    public static IReadOnlyList<HardwareIssue> Examine(HardwareProbeOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new HardwareProbeOptions();
        return Examine(options, ListedProviders, cancellationToken);
    }

    internal static IReadOnlyList<HardwareIssue> Examine(
        HardwareProbeOptions options, Func<IReadOnlyList<string>> providers, CancellationToken cancellationToken)
    {
        using var probe = new HardwareProbe(options with { Kinds = [] });
        IReadOnlyList<HardwareDevice> devices = probe.Sample(cancellationToken);
        var files = new FileTree(options.Root);
        var issues = new List<HardwareIssue>();
        foreach (HardwareDevice device in devices)
        {
            issues.AddRange(device.Kind switch
            {
                HardwareKind.Gpu or HardwareKind.Npu => AcceleratorRules.Check(device),
                _ => HostRules.Check(device, devices, files),
            });
        }

        issues.AddRange(RuntimeRules.Check(devices, probe.NvidiaLibraryReason, files, providers));
        return [.. issues.OrderByDescending(i => i.Severity).ThenBy(i => i.DeviceId, StringComparer.Ordinal).ThenBy(i => i.Id, StringComparer.Ordinal)];
    }

    internal static HardwareIssue Issue(IssueSeverity severity, string id, HardwareDevice device, string message, string remedy) => new()
    {
        Id = id,
        Severity = severity,
        Device = device.Name,
        DeviceId = device.Id,
        Message = message,
        Remedy = remedy,
    };

    private static IReadOnlyList<string> ListedProviders()
    {
        try
        {
            return HardwareBenchmark.ListedProviders();
        }
        catch (Exception e) when (MatrixBenchmark.IsLibraryFailure(e))
        {
            return [];
        }
    }
}
