using TokenFactory.Hardware.Cpu;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Host;

/// <summary>What the runtime itself knows of processors and memory, where the system's own interface does not answer.</summary>
internal static class PortableHost
{
    public static HardwareDevice Cpu(string architecture)
    {
        var log = new FieldLog();
        const string Reason = "this system's interface did not answer";
        log.Missing(Reason, nameof(CpuDetails.Sockets), nameof(CpuDetails.Cores), nameof(CpuDetails.UsableCores), nameof(CpuDetails.FrequencyHertz), nameof(CpuDetails.MaxFrequencyHertz));
        string brand = CpuIdReader.Live is { } cpuId ? CpuIdReader.Brand(cpuId) : "";
        return new HardwareDevice
        {
            Kind = HardwareKind.Cpu,
            Id = "cpu",
            Name = brand.Length > 0 ? brand : $"{architecture} processor",
            Timestamp = DateTimeOffset.Now,
            Cpu = new CpuDetails
            {
                Architecture = architecture,
                Threads = Environment.ProcessorCount,
                UsableThreads = Environment.ProcessorCount,
                VectorSets = VectorSets.FromRuntime(),
            },
            Unavailable = log.Reasons,
        };
    }

    public static HardwareDevice Memory()
    {
        var log = new FieldLog();
        log.Missing("this system's interface did not answer", nameof(MemoryDetails.AvailableBytes), nameof(MemoryDetails.SwapBytes), nameof(MemoryDetails.LockedLimitBytes));
        long total = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return new HardwareDevice
        {
            Kind = HardwareKind.Memory,
            Id = "memory",
            Name = "Main memory",
            MemoryBytes = total,
            Timestamp = DateTimeOffset.Now,
            Memory = new MemoryDetails { TotalBytes = total },
            Unavailable = log.Reasons,
        };
    }
}
