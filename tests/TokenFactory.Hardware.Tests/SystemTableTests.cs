using System.Buffers.Binary;
using System.Text;
using CsCheck;
using TokenFactory.Hardware.Apple;
using TokenFactory.Hardware.Probing;
using TokenFactory.Hardware.Windows;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Hardware.Tests;

public sealed class SystemTableTests
{
    [Fact]
    public void Windows_topology_is_parsed()
    {
        byte[] records =
        [
            .. Record(0, Core(0b11)), .. Record(0, Core(0b1100)), .. Record(3, Core(0b1111)), .. Record(2, Cache(1, 48 << 10, 2)), .. Record(2, Cache(1, 48 << 10, 2)),
            .. Record(2, Cache(3, 32 << 20, 0)), .. Record(1, Node(0, 0b1111, 1)),
        ];
        var topology = WindowsTopology.Parse(records);
        Assert.Equal((1, 2, 4), (topology.Sockets, topology.Cores, topology.Threads));
        Assert.Equal([new CpuCache(1, "Data", 48 << 10, 2), new CpuCache(3, "Unified", 32 << 20, 1)], topology.Caches);
        Assert.Equal([new NumaNode(0, "64-67", null)], topology.NumaNodes);
    }

    [Fact]
    public void Windows_tables_of_any_bytes_do_not_fail() => Gen.Byte.Array[0, 300].SampleRepeatably(bytes =>
    {
        _ = WindowsTopology.Parse(bytes);
        _ = EmiTables.Channels(bytes, 1);
        _ = EmiTables.Channels(bytes, 2);
        _ = EmiTables.Joules(bytes, 3);
        return true;
    });

    [Fact]
    public void Windows_energy_channels_are_parsed()
    {
        byte[] metadata = [.. new byte[64], 1, 0, 3, 0, .. Channel("RAPL_Package0_PKG"), .. Channel("RAPL_Package0_DRAM"), .. Channel("RAPL_Package0_PP0    ")];
        Reading<IReadOnlyList<string>> channels = EmiTables.Channels(metadata, 2);
        Assert.Equal(["RAPL_Package0_PKG", "RAPL_Package0_DRAM", "RAPL_Package0_PP0"], channels.Value!);
        Assert.Equal([true, true, false], channels.Value!.Select(EmiTables.IsPackage));
        byte[] old = [.. new byte[4 + 64 + 2], 8, 0, .. Encoding.Unicode.GetBytes("Rail")];
        Assert.Equal(["Rail"], EmiTables.Channels(old, 1).Value!);
        Assert.False(EmiTables.Channels(metadata.AsSpan(0, metadata.Length - 8), 2).Ok);
        Assert.False(EmiTables.Channels(metadata, 7).Ok);
    }

    [Fact]
    public void Windows_energy_is_in_picowatt_hours()
    {
        byte[] measurement = new byte[32];
        BinaryPrimitives.WriteUInt64LittleEndian(measurement.AsSpan(16), 1_000_000_000_000);
        Assert.Equal(3600, EmiTables.Joules(measurement, 1).Value, 9);
        Assert.False(EmiTables.Joules(measurement, 2).Ok);
    }

    [Fact]
    public void Windows_adapters_are_read_from_their_values()
    {
        var values = new Dictionary<string, object?>
        {
            ["DriverDesc"] = "AMD Radeon RX 7900 XTX",
            ["MatchingDeviceId"] = @"PCI\VEN_1002&DEV_744C",
            ["HardwareInformation.qwMemorySize"] = 24L << 30,
            ["DriverVersion"] = "32.0.1",
        };
        HardwareDevice gpu = WindowsAdapters.Parse(values, HardwareKind.Gpu)!;
        Assert.Equal(("AMD Radeon RX 7900 XTX", "AMD", 24L << 30, "32.0.1"), (gpu.Name, gpu.Vendor, gpu.MemoryBytes, gpu.Accelerator!.DriverVersion));
        values["HardwareInformation.qwMemorySize"] = "garbage";
        Assert.True(WindowsAdapters.Parse(values, HardwareKind.Gpu)!.Unavailable.ContainsKey(nameof(HardwareDevice.MemoryBytes)));
        values["MatchingDeviceId"] = "ROOT\\BasicRender";
        Assert.Null(WindowsAdapters.Parse(values, HardwareKind.Gpu));
    }

    [Fact]
    public void Mac_is_read_from_sysctl()
    {
        var sysctl = new Sysctl(name => name switch
        {
            "machdep.cpu.brand_string" => "Apple M3 Max\0"u8.ToArray(),
            "hw.logicalcpu" or "hw.physicalcpu" => BitConverter.GetBytes(16),
            "hw.packages" or "hw.optional.arm64" or "hw.optional.arm.AdvSIMD" or "hw.optional.arm.FEAT_I8MM" => BitConverter.GetBytes(1),
            "hw.memsize" => BitConverter.GetBytes(64L << 30),
            "hw.pagesize" => BitConverter.GetBytes(16384L),
            "vm.page_free_count" => BitConverter.GetBytes(65536),
            "hw.perflevel0.physicalcpu" => BitConverter.GetBytes(12),
            "hw.perflevel0.cpusperl2" => BitConverter.GetBytes(6),
            "hw.perflevel0.l2cachesize" => BitConverter.GetBytes(16 << 20),
            "iogpu.wired_limit_mb" => BitConverter.GetBytes(0),
            "hw.cpufrequency" => [1, 2, 3],
            _ => null,
        });
        HardwareDevice cpu = AppleHost.Cpu(sysctl, "arm64");
        Assert.Equal(("Apple M3 Max", "Apple", 16, 1), (cpu.Name, cpu.Vendor, cpu.Cpu!.Cores, cpu.Cpu.Sockets));
        Assert.Equal(["NEON", "I8MM"], cpu.Cpu.VectorSets);
        Assert.Equal([new CpuCache(2, "Unified", 16 << 20, 2)], cpu.Cpu.Caches);
        Assert.Contains("no number", cpu.Unavailable[nameof(CpuDetails.FrequencyHertz)], StringComparison.Ordinal);
        HardwareDevice memory = AppleHost.Memory(sysctl);
        Assert.Equal((64L << 30, 1L << 30), (memory.MemoryBytes, memory.Memory!.AvailableBytes));
        Assert.Equal([HardwareKind.Gpu, HardwareKind.Npu], AppleHost.Gpus(sysctl).Select(d => d.Kind));
        Assert.Empty(AppleHost.Gpus(new Sysctl(_ => null)));
    }

    [Theory]
    [InlineData("mJ", 2e-3)]
    [InlineData("uJ", 2e-6)]
    [InlineData("nJ ", 2e-9)]
    public void Units_of_ioreport_are_scaled(string unit, double joules) => Assert.Equal(joules, IoReport.Scale(2, unit).Value, 15);

    [Fact]
    public void Unknown_unit_of_ioreport_has_a_reason() => Assert.Contains("'kWh'", IoReport.Scale(1, "kWh").Reason, StringComparison.Ordinal);

    private static byte[] Record(int relation, byte[] body)
    {
        byte[] record = new byte[8 + body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(record, relation);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(4), record.Length);
        body.CopyTo(record, 8);
        return record;
    }

    private static byte[] Core(ulong mask)
    {
        byte[] body = new byte[40];
        body[22] = 1;
        BinaryPrimitives.WriteUInt64LittleEndian(body.AsSpan(24), mask);
        return body;
    }

    private static byte[] Node(int number, ulong mask, ushort group)
    {
        byte[] body = new byte[40];
        BinaryPrimitives.WriteInt32LittleEndian(body, number);
        BinaryPrimitives.WriteUInt64LittleEndian(body.AsSpan(24), mask);
        BinaryPrimitives.WriteUInt16LittleEndian(body.AsSpan(32), group);
        return body;
    }

    private static byte[] Cache(byte level, int size, int type)
    {
        byte[] body = new byte[44];
        body[0] = level;
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(4), size);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(8), type);
        return body;
    }

    private static byte[] Channel(string name)
    {
        byte[] text = Encoding.Unicode.GetBytes(name + "\0");
        byte[] channel = new byte[6 + text.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(channel.AsSpan(4), (ushort)text.Length);
        text.CopyTo(channel, 6);
        return channel;
    }
}
