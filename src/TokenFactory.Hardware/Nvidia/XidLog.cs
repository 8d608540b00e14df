using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Nvidia;

/// <summary>NVIDIA driver errors in the kernel's log: <c>NVRM: Xid (PCI:0000:65:00): 79, …</c>. NVML itself tells only those that happen while one listens.</summary>
internal sealed partial class XidLog
{
    private const int ReadAll = 3;
    private const int SizeBuffer = 10;

    private readonly Reading<Dictionary<string, List<int>>> _errors;

    public XidLog(FileTree files, bool live)
    {
        Reading<string> text = live ? Live() : files.Text("/dev/kmsg");
        _errors = text.Select(Parse);
    }

    /// <summary>Errors of the device at a bus address.</summary>
    public Reading<IReadOnlyList<int>> Of(string bus)
    {
        int dot = bus.LastIndexOf('.');
        string slot = dot < 0 ? bus : bus[..dot];
        return _errors.Select<IReadOnlyList<int>>(e => e.TryGetValue(slot, out List<int>? codes) ? codes : []);
    }

    private static Dictionary<string, List<int>> Parse(string log)
    {
        var errors = new Dictionary<string, List<int>>(StringComparer.OrdinalIgnoreCase);
        foreach (Match match in XidLine().Matches(log))
        {
            string slot = match.Groups[1].Value;
            if (!errors.TryGetValue(slot, out List<int>? codes))
            {
                errors[slot] = codes = [];
            }

            codes.Add(int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
        }

        return errors;
    }

    private static Reading<string> Live()
    {
        if (!OperatingSystem.IsLinux())
        {
            return Reading<string>.None("this system keeps driver errors in its event log, under provider nvlddmkm");
        }

        try
        {
            int size = KernelLog(SizeBuffer, [], 0);
            byte[] buffer = new byte[Math.Clamp(size, 1 << 12, 1 << 26)];
            int count = KernelLog(ReadAll, buffer, buffer.Length);
            return count >= 0
                ? Reading<string>.Of(Encoding.UTF8.GetString(buffer, 0, count))
                : Reading<string>.None("needs root: the kernel's log is closed to other users (kernel.dmesg_restrict)");
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            return Reading<string>.None("this C library can't read the kernel's log");
        }
    }

    [GeneratedRegex(@"NVRM: Xid \(PCI:([0-9a-fA-F]+:[0-9a-fA-F]+:[0-9a-fA-F]+)[^)]*\): (\d{1,4})", RegexOptions.CultureInvariant)]
    private static partial Regex XidLine();

    [LibraryImport("libc", EntryPoint = "klogctl", SetLastError = true)]
    private static partial int KernelLog(int action, byte[] buffer, int length);
}
