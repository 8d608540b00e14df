using TokenFactory.Hardware.Host;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware;

/// <summary>How to look for hardware.</summary>
public sealed record HardwareProbeOptions
{
    /// <summary>Folder that stands for the file system's root, for recorded machines; <c>/</c> is this one.</summary>
    public string Root { get; init; } = "/";

    /// <summary>How long one call into a driver may take before its device counts as not responding.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Kinds to look for; empty is all.</summary>
    public IReadOnlyCollection<HardwareKind> Kinds { get; init; } = [];

    /// <summary>Vendor libraries to use in place of the system's, by name (<c>nvml</c>, <c>amdsmi</c>, <c>levelzero</c>).</summary>
    internal Func<string, NativeTable?>? Libraries { get; init; }

    /// <summary>The processor's identification, for recorded machines.</summary>
    internal CpuIdentification? CpuId { get; init; }

    /// <summary>True for this machine, false for a recorded one.</summary>
    internal bool IsLive => Root is "/" or "";

    internal bool Wants(HardwareKind kind) => Kinds.Count == 0 || Kinds.Contains(kind);

    internal NativeTable? Library(string name, params ReadOnlySpan<string> files) =>
        Libraries is not null ? Libraries(name) : IsLive ? NativeTable.TryLoad(files) : null;
}
