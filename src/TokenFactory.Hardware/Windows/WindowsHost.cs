using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32;
using TokenFactory.Hardware.Host;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Windows;

/// <summary>Processors and memory as Windows tells of them.</summary>
[SupportedOSPlatform("windows")]
internal static partial class WindowsHost
{
    private const int RelationAll = 0xffff;
    private const string ProcessorKey = @"HARDWARE\DESCRIPTION\System\CentralProcessor\0";

    public static HardwareDevice Cpu(string architecture)
    {
        HardwareDevice fallback = PortableHost.Cpu(architecture);
        Reading<WindowsTopology> topology = Topology();
        if (topology.Value is not { } found)
        {
            return fallback;
        }

        var log = new FieldLog();
        using RegistryKey? key = Registry.LocalMachine.OpenSubKey(ProcessorKey);
        string name = (key?.GetValue("ProcessorNameString") as string)?.Trim() is { Length: > 0 } named ? named : fallback.Name;
        double? frequency = key?.GetValue("~MHz") is int mhz and > 0 ? mhz * 1e6 : null;
        if (frequency is null)
        {
            log.Missing("the registry does not tell the clock", nameof(CpuDetails.FrequencyHertz));
        }

        log.Missing("Windows tells a nominal clock only", nameof(CpuDetails.MaxFrequencyHertz));
        log.Missing("Windows shows no temperature of the processor without a vendor's driver", nameof(HardwareDevice.TemperatureCelsius));
        int usable = Environment.ProcessorCount;
        return fallback with
        {
            Name = name,
            Vendor = name.Contains("Intel", StringComparison.OrdinalIgnoreCase) ? "Intel" : name.Contains("AMD", StringComparison.OrdinalIgnoreCase) ? "AMD" : null,
            Cpu = fallback.Cpu! with
            {
                Sockets = found.Sockets,
                Cores = found.Cores,
                Threads = found.Threads,
                UsableThreads = usable,
                UsableCores = Math.Min(found.Cores, usable),
                LimitedBy = usable < found.Threads ? "affinity or job object" : null,
                Caches = found.Caches,
                NumaNodes = found.NumaNodes,
                FrequencyHertz = frequency,
            },
            Unavailable = log.Reasons,
        };
    }

    public static HardwareDevice Memory()
    {
        var status = new MemoryStatus { Length = (uint)Marshal.SizeOf<MemoryStatus>() };
        if (!GlobalMemoryStatusEx(ref status))
        {
            return PortableHost.Memory();
        }

        var log = new FieldLog();
        log.Missing("Windows tells it through WMI only", nameof(MemoryDetails.Type), nameof(MemoryDetails.TransfersPerSecond), nameof(MemoryDetails.Modules));
        log.Missing("Windows limits locked memory by the working set, not by a fixed number", nameof(MemoryDetails.LockedLimitBytes));

        // The runtime knows the memory limit of the job object that a container is.
        long limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        bool limited = limit > 0 && limit < (long)status.TotalPhysical;
        return new HardwareDevice
        {
            Kind = HardwareKind.Memory,
            Id = "memory",
            Name = "Main memory",
            MemoryBytes = limited ? limit : (long)status.TotalPhysical,
            MemoryUsedBytes = (long)(status.TotalPhysical - status.AvailablePhysical),
            Timestamp = DateTimeOffset.Now,
            Memory = new MemoryDetails
            {
                TotalBytes = (long)status.TotalPhysical,
                AvailableBytes = limited ? Math.Min(limit, (long)status.AvailablePhysical) : (long)status.AvailablePhysical,
                LimitBytes = limited ? limit : null,
                LimitedBy = limited ? "job object" : null,
                SwapBytes = Math.Max(0, (long)(status.TotalPageFile - status.TotalPhysical)),
            },
            Unavailable = log.Reasons,
        };
    }

    private static Reading<WindowsTopology> Topology()
    {
        int length = 0;
        _ = GetLogicalProcessorInformationEx(RelationAll, [], ref length);
        byte[] buffer = new byte[length];
        return length > 0 && GetLogicalProcessorInformationEx(RelationAll, buffer, ref length)
            ? Reading<WindowsTopology>.Of(WindowsTopology.Parse(buffer.AsSpan(0, length)))
            : Reading<WindowsTopology>.None("Windows does not tell the topology");
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct MemoryStatus
    {
        public uint Length;
        public uint Load;
        public ulong TotalPhysical;
        public ulong AvailablePhysical;
        public ulong TotalPageFile;
        public ulong AvailablePageFile;
        public ulong TotalVirtual;
        public ulong AvailableVirtual;
        public ulong AvailableExtendedVirtual;
    }

    [LibraryImport("kernel32.dll", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GlobalMemoryStatusEx(ref MemoryStatus status);

    [LibraryImport("kernel32.dll", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetLogicalProcessorInformationEx(int relation, [Out] byte[] buffer, ref int length);
}
