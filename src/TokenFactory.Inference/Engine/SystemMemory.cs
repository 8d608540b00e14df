using System.Globalization;
using System.Runtime.InteropServices;

namespace TokenFactory.Inference.Engine;

/// <summary>How much memory this process may still take.</summary>
internal static partial class SystemMemory
{
    /// <summary>Bytes that are free now, a container's limit respected.</summary>
    public static long AvailableBytes()
    {
        long limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (OperatingSystem.IsLinux())
        {
            return Math.Min(limit, LinuxAvailable() ?? limit);
        }

        if (OperatingSystem.IsWindows())
        {
            var status = new MemoryStatus { Length = (uint)Marshal.SizeOf<MemoryStatus>() };
            return GlobalMemoryStatusEx(ref status) ? Math.Min(limit, (long)status.AvailablePhysical) : limit / 2;
        }

        return Math.Max(limit / 4, limit - Environment.WorkingSet - (limit / 2));
    }

    private static long? LinuxAvailable()
    {
        long? available = null;
        try
        {
            foreach (string line in File.ReadLines("/proc/meminfo"))
            {
                if (line.StartsWith("MemAvailable:", StringComparison.Ordinal))
                {
                    available = long.Parse(line.AsSpan(13).Trim().ToString().Split(' ')[0], CultureInfo.InvariantCulture) * 1024;
                    break;
                }
            }

            if (Number("/sys/fs/cgroup/memory.max") is { } most && Number("/sys/fs/cgroup/memory.current") is { } used)
            {
                available = Math.Min(available ?? long.MaxValue, Math.Max(0, most - used));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return available;
        }

        return available;
    }

    private static long? Number(string path) =>
        File.Exists(path) && long.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;

    [LibraryImport("kernel32", EntryPoint = "GlobalMemoryStatusEx")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GlobalMemoryStatusEx(ref MemoryStatus status);

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
        public ulong AvailableExtended;
    }
}
