using TokenFactory.Core;

namespace TokenFactory.Hardware;

/// <summary>Processors of a machine.</summary>
public sealed record CpuDetails
{
    /// <summary>Instruction set architecture in lower case, <c>x64</c> or <c>arm64</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Processor packages.</summary>
    public int? Sockets { get; init; }

    /// <summary>Physical cores of all packages.</summary>
    public int? Cores { get; init; }

    /// <summary>Hardware threads that are online.</summary>
    public int? Threads { get; init; }

    /// <summary>Hardware threads' worth of time that this process may use: the smallest of online, affinity and control group's quota. May be a fraction.</summary>
    public double UsableThreads { get; init; }

    /// <summary>Physical cores that the process's affinity reaches, no more than the quota rounded up; null when the topology is unknown.</summary>
    public int? UsableCores { get; init; }

    /// <summary>What holds <see cref="UsableThreads"/> below <see cref="Threads"/>; null when nothing does.</summary>
    public string? LimitedBy { get; init; }

    /// <summary>Vector instruction sets that serving uses, widest last.</summary>
    public IReadOnlyList<string> VectorSets { get; init => field = value.ToIndexable(); } = [];

    /// <summary>Caches, smallest level first.</summary>
    public IReadOnlyList<CpuCache> Caches { get; init => field = value.ToIndexable(); } = [];

    /// <summary>Mean clock of the online threads now, hertz.</summary>
    public double? FrequencyHertz { get; init; }

    /// <summary>Highest clock, hertz.</summary>
    public double? MaxFrequencyHertz { get; init; }

    /// <summary>NUMA nodes; one on a machine that has no others.</summary>
    public IReadOnlyList<NumaNode> NumaNodes { get; init => field = value.ToIndexable(); } = [];
}

/// <summary>All caches of one level and type.</summary>
/// <param name="Level">1 is nearest the core.</param>
/// <param name="Type">Data, Instruction or Unified.</param>
/// <param name="Bytes">Size of one instance.</param>
/// <param name="Instances">How many there are.</param>
public sealed record CpuCache(int Level, string Type, long Bytes, int Instances)
{
    /// <summary>Size of all instances together.</summary>
    public long TotalBytes => Bytes * Instances;
}

/// <summary>A NUMA node.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Threads">Hardware threads in it, as the system writes lists: <c>0-7,16-23</c>.</param>
/// <param name="MemoryBytes">Its memory; null when unknown.</param>
public sealed record NumaNode(int Index, string Threads, long? MemoryBytes);
