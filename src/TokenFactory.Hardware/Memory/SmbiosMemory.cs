using System.Buffers.Binary;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Memory;

/// <summary>What the firmware's SMBIOS tables tell of memory modules (structure type 17, SMBIOS 3.7 section 7.18). Linux shows them to root only.</summary>
internal sealed record SmbiosMemory(string? Type, double? TransfersPerSecond, int Modules)
{
    private const int MemoryDevice = 17;

    public static Reading<SmbiosMemory> Read(FileTree files)
    {
        Reading<byte[]> table = files.Bytes("/sys/firmware/dmi/tables/DMI");
        return table.Ok ? Reading<SmbiosMemory>.Of(Parse(table.Value!))
            : table.Reason!.StartsWith("permission", StringComparison.Ordinal) ? Reading<SmbiosMemory>.None("needs root: the firmware's tables are closed to other users")
            : Reading<SmbiosMemory>.None("this machine's firmware has no SMBIOS tables");
    }

    internal static SmbiosMemory Parse(ReadOnlySpan<byte> table)
    {
        string? type = null;
        double? speed = null;
        int modules = 0;
        while (table.Length >= 4 && table[1] >= 4 && table[1] <= table.Length)
        {
            int length = table[1];
            ReadOnlySpan<byte> entry = table[..length];
            if (entry[0] == MemoryDevice && length >= 0x17 && BinaryPrimitives.ReadUInt16LittleEndian(entry[0x0c..]) is > 0 and < 0xffff)
            {
                modules++;
                type ??= TypeName(entry[0x12]);
                double transfers = length >= 0x22 ? BinaryPrimitives.ReadUInt16LittleEndian(entry[0x20..]) : 0;
                transfers = transfers > 0 ? transfers : BinaryPrimitives.ReadUInt16LittleEndian(entry[0x15..]);
                speed = transfers is > 0 and < 0xffff && (speed is null || transfers * 1e6 < speed) ? transfers * 1e6 : speed;
            }

            // Strings follow the fixed part and end with an empty one.
            int end = table[length..].IndexOf([(byte)0, (byte)0]);
            if (end < 0)
            {
                break;
            }

            table = table[(length + end + 2)..];
        }

        return new SmbiosMemory(type, speed, modules);
    }

    private static string? TypeName(byte code) => code switch
    {
        0x18 => "DDR3",
        0x1a => "DDR4",
        0x1b => "LPDDR",
        0x1c => "LPDDR2",
        0x1d => "LPDDR3",
        0x1e => "LPDDR4",
        0x20 => "HBM",
        0x21 => "HBM2",
        0x22 => "DDR5",
        0x23 => "LPDDR5",
        0x24 => "HBM3",
        _ => null,
    };
}
