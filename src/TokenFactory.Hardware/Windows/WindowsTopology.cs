using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace TokenFactory.Hardware.Windows;

/// <summary>Reads the records of GetLogicalProcessorInformationEx (winnt.h, SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX).</summary>
internal sealed record WindowsTopology(int Sockets, int Cores, int Threads, IReadOnlyList<CpuCache> Caches, IReadOnlyList<NumaNode> NumaNodes)
{
    private const int RelationProcessorCore = 0;
    private const int RelationNumaNode = 1;
    private const int RelationCache = 2;
    private const int RelationProcessorPackage = 3;
    private const int RelationNumaNodeEx = 6;
    private const int HeaderBytes = 8;
    private const int GroupAffinityBytes = 16;

    public static WindowsTopology Parse(ReadOnlySpan<byte> records)
    {
        (int sockets, int cores, int threads) = (0, 0, 0);
        var caches = new Dictionary<(int Level, string Type, long Bytes), int>();
        var nodes = new List<NumaNode>();
        while (records.Length >= HeaderBytes)
        {
            int relation = BinaryPrimitives.ReadInt32LittleEndian(records);
            int size = BinaryPrimitives.ReadInt32LittleEndian(records[4..]);
            if (size < HeaderBytes || size > records.Length)
            {
                break;
            }

            ReadOnlySpan<byte> body = records[HeaderBytes..size];
            switch (relation)
            {
                case RelationProcessorCore when body.Length >= 24 + GroupAffinityBytes:
                    cores++;
                    threads += ThreadsOf(body);
                    break;
                case RelationProcessorPackage:
                    sockets++;
                    break;
                case RelationCache when body.Length >= 12:
                    (int, string, long) key = (body[0], CacheType(BinaryPrimitives.ReadInt32LittleEndian(body[8..])), BinaryPrimitives.ReadUInt32LittleEndian(body[4..]));
                    caches[key] = caches.GetValueOrDefault(key) + 1;
                    break;
                case RelationNumaNode or RelationNumaNodeEx when body.Length >= 24 + GroupAffinityBytes:
                    nodes.Add(new NumaNode(BinaryPrimitives.ReadInt32LittleEndian(body), Mask(body[24..]), null));
                    break;
            }

            records = records[size..];
        }

        return new WindowsTopology(sockets, cores, threads,
            [.. caches.OrderBy(c => c.Key.Level).ThenBy(c => c.Key.Type, StringComparer.Ordinal).Select(c => new CpuCache(c.Key.Level, c.Key.Type, c.Key.Bytes, c.Value))],
            [.. nodes.OrderBy(n => n.Index)]);
    }

    // PROCESSOR_RELATIONSHIP: flags, efficiency class, 20 reserved bytes, the number of groups, then that many affinities.
    private static int ThreadsOf(ReadOnlySpan<byte> body)
    {
        int count = 0;
        int groups = BinaryPrimitives.ReadUInt16LittleEndian(body[22..]);
        for (int g = 0; g < groups && body.Length >= 24 + ((g + 1) * GroupAffinityBytes); g++)
        {
            count += BitOperations.PopCount(BinaryPrimitives.ReadUInt64LittleEndian(body[(24 + (g * GroupAffinityBytes))..]));
        }

        return count;
    }

    private static string Mask(ReadOnlySpan<byte> affinity)
    {
        ulong mask = BinaryPrimitives.ReadUInt64LittleEndian(affinity);
        int first = 64 * BinaryPrimitives.ReadUInt16LittleEndian(affinity[8..]);
        var ranges = new List<string>();
        for (int bit = 0; bit < 64; bit++)
        {
            if ((mask >> bit & 1) == 0)
            {
                continue;
            }

            int start = bit;
            while (bit < 63 && (mask >> (bit + 1) & 1) != 0)
            {
                bit++;
            }

            ranges.Add(start == bit
                ? (first + start).ToString(CultureInfo.InvariantCulture)
                : string.Create(CultureInfo.InvariantCulture, $"{first + start}-{first + bit}"));
        }

        return string.Join(',', ranges);
    }

    private static string CacheType(int type) => type switch
    {
        0 => "Unified",
        1 => "Instruction",
        2 => "Data",
        _ => "Trace",
    };
}
