using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using TokenFactory.Hardware.Energy;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Windows;

/// <summary>Processor energy by Windows' Energy Meter Interface, whose channels carry the processor's own counters where the firmware lets them.</summary>
[SupportedOSPlatform("windows")]
internal static partial class EmiEnergy
{
    private const uint GetVersion = 0x224000;
    private const uint GetMetadataSize = 0x224004;
    private const uint GetMetadata = 0x224008;
    private const uint GetMeasurement = 0x22400c;
    private const uint GenericRead = 0x80000000;
    private const uint ShareAll = 7;
    private const uint OpenExisting = 3;
    private const double UpdateSeconds = 0.01;
    private static readonly Guid s_energyMeter = new(0x45bd8344, 0x7ed6, 0x49cf, 0xa4, 0x40, 0xc2, 0x76, 0xc9, 0x33, 0xb0, 0x53);

    public static IReadOnlyList<EnergySource> Sources(List<string> reasons, List<IDisposable> open)
    {
        var sources = new List<EnergySource>();
        foreach (string path in Interfaces())
        {
            SafeFileHandle handle = CreateFile(path, GenericRead, ShareAll, 0, OpenExisting, 0, 0);
            open.Add(handle);
            if (handle.IsInvalid)
            {
                reasons.Add("Windows refuses the energy meter to this user");
                continue;
            }

            byte[] version = Control(handle, GetVersion, 2).Value ?? [];
            byte[] size = Control(handle, GetMetadataSize, 4).Value ?? [];
            if (version.Length < 2 || size.Length < 4)
            {
                continue;
            }

            Reading<IReadOnlyList<string>> channels = Control(handle, GetMetadata, BitConverter.ToInt32(size)).Then(m => EmiTables.Channels(m, BitConverter.ToUInt16(version)));
            if (!channels.Ok)
            {
                reasons.Add(channels.Reason!);
                continue;
            }

            int count = channels.Value!.Count;
            for (int i = 0; i < count; i++)
            {
                int channel = i;
                if (EmiTables.IsPackage(channels.Value[i]))
                {
                    sources.Add(new EnergySource($"EMI {channels.Value[i]}", EnergyScope.Package, UpdateSeconds,
                        () => Control(handle, GetMeasurement, count * 16).Then(m => EmiTables.Joules(m, channel))) { Instrument = "EMI" });
                }
            }
        }

        if (sources.Count == 0)
        {
            reasons.Add("Windows shows no energy meter of the processor (EMI)");
        }

        return sources;
    }

    private static Reading<byte[]> Control(SafeFileHandle handle, uint code, int length)
    {
        byte[] buffer = new byte[Math.Clamp(length, 2, 1 << 16)];
        return DeviceIoControl(handle, code, [], 0, buffer, buffer.Length, out int returned, 0)
            ? Reading<byte[]>.Of(buffer[..returned])
            : Reading<byte[]>.None($"the energy meter refuses (error {Marshal.GetLastPInvokeError()})");
    }

    private static string[] Interfaces()
    {
        Guid meter = s_energyMeter;
        if (InterfaceListSize(out int length, ref meter, 0, 0) != 0 || length <= 1)
        {
            return [];
        }

        char[] list = new char[length];
        return InterfaceList(ref meter, 0, list, length, 0) == 0 ? new string(list).Split('\0', StringSplitOptions.RemoveEmptyEntries) : [];
    }

    [LibraryImport("cfgmgr32.dll", EntryPoint = "CM_Get_Device_Interface_List_SizeW")]
    private static partial int InterfaceListSize(out int length, ref Guid interfaceClass, nint device, uint flags);

    [LibraryImport("cfgmgr32.dll", EntryPoint = "CM_Get_Device_Interface_ListW")]
    private static partial int InterfaceList(ref Guid interfaceClass, nint device, [Out, MarshalAs(UnmanagedType.LPArray, ArraySubType = UnmanagedType.U2)] char[] buffer, int length, uint flags);

    [LibraryImport("kernel32.dll", EntryPoint = "CreateFileW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    private static partial SafeFileHandle CreateFile(string name, uint access, uint share, nint security, uint disposition, uint flags, nint template);

    [LibraryImport("kernel32.dll", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool DeviceIoControl(SafeFileHandle handle, uint code, byte[] input, int inputLength, [Out] byte[] output, int outputLength, out int returned, nint overlapped);
}
