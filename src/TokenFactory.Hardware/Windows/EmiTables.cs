using System.Buffers.Binary;
using System.Text;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Windows;

/// <summary>Tables of Windows' Energy Meter Interface (emi.h): channel names, and energy in picowatt hours.</summary>
internal static class EmiTables
{
    private const double JoulesPerPicowattHour = 3.6e-9;
    private const int NameBytes = 32;

    /// <summary>Channel names of metadata version 1 (one channel) or 2.</summary>
    public static Reading<IReadOnlyList<string>> Channels(ReadOnlySpan<byte> metadata, int version)
    {
        var names = new List<string>();
        if (version == 1)
        {
            const int NameSizeOffset = 4 + (2 * NameBytes) + 2;
            if (metadata.Length < NameSizeOffset + 2)
            {
                return Cut();
            }

            int size = BinaryPrimitives.ReadUInt16LittleEndian(metadata[NameSizeOffset..]);
            ReadOnlySpan<byte> rest = metadata[(NameSizeOffset + 2)..];
            names.Add(Text(rest[..Math.Min(size, rest.Length)]));
            return Reading<IReadOnlyList<string>>.Of(names);
        }

        const int CountOffset = (2 * NameBytes) + 2;
        if (version != 2 || metadata.Length < CountOffset + 2)
        {
            return version == 2 ? Cut() : Reading<IReadOnlyList<string>>.None($"version {version} of the Energy Meter Interface is not known here");
        }

        int count = BinaryPrimitives.ReadUInt16LittleEndian(metadata[CountOffset..]);
        ReadOnlySpan<byte> channels = metadata[(CountOffset + 2)..];
        for (int i = 0; i < count; i++)
        {
            if (channels.Length < 6)
            {
                return Cut();
            }

            int size = BinaryPrimitives.ReadUInt16LittleEndian(channels[4..]);
            if (channels.Length < 6 + size)
            {
                return Cut();
            }

            names.Add(Text(channels.Slice(6, size)));
            // The next channel follows at once, unaligned (EMI_CHANNEL_V2_NEXT_CHANNEL).
            channels = channels[(6 + size)..];
        }

        return Reading<IReadOnlyList<string>>.Of(names);
    }

    /// <summary>Joules of one channel of a measurement.</summary>
    public static Reading<double> Joules(ReadOnlySpan<byte> measurement, int channel)
    {
        const int ChannelBytes = 16;
        return measurement.Length < (channel + 1) * ChannelBytes
            ? Reading<double>.None("the energy meter's answer is cut short")
            : Reading<double>.Of(BinaryPrimitives.ReadUInt64LittleEndian(measurement[(channel * ChannelBytes)..]) * JoulesPerPicowattHour);
    }

    /// <summary>True for the channel of a whole processor package, and of its memory.</summary>
    public static bool IsPackage(string channel) =>
        channel.EndsWith("_PKG", StringComparison.OrdinalIgnoreCase) || channel.EndsWith("_DRAM", StringComparison.OrdinalIgnoreCase);

    private static string Text(ReadOnlySpan<byte> utf16) => Encoding.Unicode.GetString(utf16).TrimEnd('\0', ' ');

    private static Reading<IReadOnlyList<string>> Cut() => Reading<IReadOnlyList<string>>.None("the energy meter's metadata is cut short");
}
