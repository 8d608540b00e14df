using System.Runtime.InteropServices;
using TokenFactory.Hardware.Cpu;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Roofline;

/// <summary>Keeps a measuring thread on one processor, so that the scheduler does not move it away from its memory. Best effort.</summary>
internal static partial class ThreadPinning
{
    private const int MostProcessors = 4096;

    /// <summary>Pins the calling thread to the index-th processor that this process may use.</summary>
    public static void Pin(int index)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        Reading<IReadOnlyList<int>> allowed = LinuxCpu.Allowed(new FileTree("/"));
        if (allowed.Value is not { Count: > 0 } processors)
        {
            return;
        }

        int processor = processors[index % processors.Count];
        byte[] mask = new byte[MostProcessors / 8];
        mask[processor / 8] = (byte)(1 << (processor % 8));
        try
        {
            _ = SetAffinity(0, mask.Length, mask);
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            // A C library without the call: the scheduler decides.
        }
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    private static partial int SetAffinity(int thread, nint length, byte[] mask);
}
