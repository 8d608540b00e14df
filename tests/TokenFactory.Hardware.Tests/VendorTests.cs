using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TokenFactory.Hardware.Amd;
using TokenFactory.Hardware.Doctor;
using TokenFactory.Hardware.Energy;
using TokenFactory.Hardware.Probing;
using Xunit;

namespace TokenFactory.Hardware.Tests;

[Collection("nvml")]
public sealed unsafe class VendorTests : IDisposable
{
    private const string Amd = "/sys/bus/pci/devices/0000:03:00.0";
    private const string Intel = "/sys/bus/pci/devices/0000:04:00.0";

    private static double s_levelZeroMicrojoules;
    private readonly FakeRoot _root = new FakeRoot().WithServer();

    public void Dispose()
    {
        FakeNvml.Reset();
        _root.Dispose();
    }

    [Fact]
    public void Amd_gpu_is_read_from_the_kernels_files()
    {
        WithAmd();
        HardwareDevice gpu = Gpu();
        Assert.Equal(("AMD", "AMD Instinct Test", DeviceHealth.Ok, "00aabbccddeeff00"), (gpu.Vendor, gpu.Name, gpu.Health, gpu.Id));
        Assert.Equal((64L << 30, 1L << 30), (gpu.MemoryBytes, gpu.MemoryUsedBytes));
        Assert.Equal((0.42, 71, 300, 500), (gpu.Utilization, gpu.TemperatureCelsius, gpu.PowerWatts, gpu.PowerLimitWatts));
        Assert.Equal(100, gpu.EnergyJoules);
        Assert.Equal(["SoftwarePowerCap", "HardwareThermal"], gpu.Throttle!);
        Assert.Equal((1.7e9, 2.1e9), (gpu.Accelerator!.ClockHertz, gpu.Accelerator.MaxClockHertz));
        Assert.Equal((7, 2), (gpu.Accelerator.EccCorrectedErrors, gpu.Accelerator.EccUncorrectedErrors));
        Assert.Equal((4, 16), (gpu.Accelerator.PcieGeneration, gpu.Accelerator.PcieWidth));
        Assert.Contains("libamd_smi", Library().Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Links_pages_and_processes_come_from_the_kernel()
    {
        WithAmd();
        const string Node = "/sys/class/kfd/kfd/topology/nodes/1";
        _root.With("/sys/class/kfd/kfd/topology/nodes/0/properties", "cpu_cores_count 8\nlocation_id 0\ndomain 0").With(Node + "/properties", "domain 0\nlocation_id 768")
            .With(Node + "/io_links/0/properties", "type 2\nmax_bandwidth 64000").With(Node + "/io_links/1/properties", "type 11\nmax_bandwidth 64000").With(Node + "/io_links/2/properties", "type 11")
            .With(Amd + "/ras/gpu_vram_bad_pages", "0x00000001 : 0x00001000 : R\n0x00000002 : 0x00001000 : P")
            .With("/proc/41/fdinfo/3", "pos: 0\ndrm-pdev:\t0000:03:00.0\ndrm-client-id:\t9\ndrm-memory-vram:\t2048 KiB").With("/proc/41/fdinfo/4", "drm-pdev:\t0000:03:00.0\ndrm-client-id:\t9\ndrm-memory-vram:\t2048 KiB")
            .With("/proc/42/fdinfo/3", "drm-pdev:\t0000:09:00.0").With("/proc/43/fdinfo/7", "drm-pdev:\t0000:03:00.0");
        AcceleratorDetails gpu = Gpu().Accelerator!;
        Assert.Equal([new AcceleratorLink(0, true, null, 64e9), new AcceleratorLink(1, true, null, null)], gpu.Links!);
        Assert.Equal(2, gpu.RemappedRows);
        Assert.Equal([new AcceleratorProcess(41, 2 << 20), new AcceleratorProcess(43, null)], gpu.Processes!);
    }

    [Fact]
    public void Amd_energy_is_the_difference_of_the_drivers_counter()
    {
        WithAmd();
        using EnergyMeter meter = EnergyMeter.Open(new EnergyMeterOptions { Probe = _root.Options }, TestContext.Current.CancellationToken);
        Assert.Equal((EnergyScope.Device, "gpu_metrics energy counter"), (meter.Scope, meter.Source));
        IEnergySpan span = meter.Start();
        _root.WithBytes(Amd + "/gpu_metrics", Metrics(130 * 65536, 0));
        Thread.Sleep(250);
        Assert.Equal(30, span.Stop().Joules!.Value, 6);
    }

    [Fact]
    public void Energy_of_several_makers_is_one_sum_of_devices()
    {
        WithAmd();
        WithIntel();
        _root.With(Intel + "/hwmon/hwmon5/energy1_input", "2500000");
        FakeNvml.Reset(new FakeGpu());
        using EnergyMeter meter = EnergyMeter.Open(new EnergyMeterOptions { Probe = FakeNvml.Options(_root.Path) }, TestContext.Current.CancellationToken);
        Assert.Equal((EnergyScope.Device, "NVML energy counter + gpu_metrics energy counter + hwmon energy counter"), (meter.Scope, meter.Source));
        IEnergySpan span = meter.Start();
        FakeNvml.Gpus[0].EnergyMillijoules += 100_000;
        _root.WithBytes(Amd + "/gpu_metrics", Metrics(130 * 65536, 0)).With(Intel + "/hwmon/hwmon5/energy1_input", "9500000");
        Thread.Sleep(250);
        EnergyReading reading = span.Stop();
        Assert.Equal(100 + 30 + 7, reading.Joules!.Value, 6);
        Assert.Equal(["GPU 0 energy counter", "AMD GPU 0000:03:00.0 energy counter", "Intel GPU 0000:04:00.0 energy counter"], reading.Parts.Select(p => p.Name));
        using EnergyMeter one = EnergyMeter.Open(new EnergyMeterOptions { Probe = FakeNvml.Options(_root.Path), DeviceIds = ["00aabbccddeeff00"] }, TestContext.Current.CancellationToken);
        Assert.Equal("gpu_metrics energy counter", one.Source);
    }

    [Fact]
    public void A_gpu_of_any_maker_that_can_not_be_metered_leaves_no_partial_sum()
    {
        WithAmd();
        WithIntel();
        FakeNvml.Reset(new FakeGpu());
        using EnergyMeter meter = EnergyMeter.Open(
            new EnergyMeterOptions { Target = EnergyTarget.Accelerators, Probe = FakeNvml.Options(_root.Path) }, TestContext.Current.CancellationToken);
        Assert.Null(meter.Scope);
        Assert.StartsWith("Intel GPU 0000:04:00.0", meter.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Nvidia_that_does_not_answer_leaves_no_partial_sum_and_its_library_alone_does_no_harm()
    {
        WithAmd();
        FakeNvml.Reset();
        FakeNvml.InitStatus = 9;
        EnergyMeterOptions options = new() { Target = EnergyTarget.Accelerators, Probe = FakeNvml.Options(_root.Path) };
        using (EnergyMeter withoutCard = EnergyMeter.Open(options, TestContext.Current.CancellationToken))
        {
            Assert.Equal("gpu_metrics energy counter", withoutCard.Source);
        }

        const string Card = "/sys/bus/pci/devices/0000:65:00.0";
        _root.With(Card + "/vendor", "0x10de").With(Card + "/device", "0x2330").With(Card + "/class", "0x030200");
        WithDriver(Card, "nvidia");
        using EnergyMeter silent = EnergyMeter.Open(options, TestContext.Current.CancellationToken);
        Assert.Null(silent.Scope);
        Assert.Contains("driver", silent.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Processor_graphics_without_a_counter_and_a_gpu_held_for_a_virtual_machine_do_not_hide_the_others()
    {
        WithAmd();
        const string Graphics = "/sys/bus/pci/devices/0000:00:02.0";
        const string Held = "/sys/bus/pci/devices/0000:05:00.0";
        _root.With(Graphics + "/vendor", "0x8086").With(Graphics + "/device", "0xa780").With(Graphics + "/class", "0x030000");
        _root.With(Held + "/vendor", "0x1002").With(Held + "/device", "0x74a1").With(Held + "/class", "0x038000");
        WithDriver(Graphics, "i915");
        WithDriver(Held, "vfio-pci");
        FakeNvml.Reset();
        using EnergyMeter meter = EnergyMeter.Open(new EnergyMeterOptions { Probe = _root.Options }, TestContext.Current.CancellationToken);
        Assert.Equal((EnergyScope.Device, "gpu_metrics energy counter"), (meter.Scope, meter.Source));
        HardwareDevice held = Assert.Single(HardwareProbe.GetDevices(_root.Options with { Kinds = [HardwareKind.Gpu] }, TestContext.Current.CancellationToken), d => d.Id == "0000:05:00.0");
        Assert.Equal((DeviceHealth.NoDriver, "it is held for a virtual machine (vfio-pci)"), (held.Health, held.Unavailable[nameof(HardwareDevice.MemoryBytes)]));
        Assert.DoesNotContain(HardwareDoctor.Examine(_root.Options, TestContext.Current.CancellationToken), i => i.Id == "DriverNotLoaded");
    }

    [Fact]
    public void Amd_library_gives_name_id_and_counter()
    {
        WithAmd();
        HardwareProbeOptions options = _root.Options with { Libraries = n => n == "amdsmi" ? AmdTable : null };
        HardwareDevice gpu = Assert.Single(HardwareProbe.GetDevices(options with { Kinds = [HardwareKind.Gpu] }, TestContext.Current.CancellationToken));
        Assert.Equal(("AMD Instinct MI300X", "aaff-1234", 15.3), (gpu.Name, gpu.Id, Math.Round(gpu.EnergyJoules!.Value, 6)));
        Assert.Equal("amdgpu, amd-smi", gpu.Accelerator!.Interface);
        using EnergyMeter meter = EnergyMeter.Open(new EnergyMeterOptions { Probe = options, DeviceIds = ["aaff-1234"] }, TestContext.Current.CancellationToken);
        Assert.Equal("amd-smi energy counter", meter.Source);
    }

    [Fact]
    public void Amd_table_of_unknown_version_or_cut_short_has_a_reason()
    {
        byte[] table = Metrics(65536, 0);
        for (int length = 0; length < 120; length++)
        {
            Assert.False(AmdGpuMetrics.Parse(table.AsSpan(0, length)).Ok);
        }

        table[2] = 9;
        Assert.Contains("9.3", AmdGpuMetrics.Parse(table).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Gpu_without_driver_is_shown_with_the_reason()
    {
        _root.With(Amd + "/vendor", "0x1002").With(Amd + "/device", "0x74a1").With(Amd + "/class", "0x030200");
        HardwareDevice gpu = Gpu();
        Assert.Equal(DeviceHealth.NoDriver, gpu.Health);
        Assert.Equal("no driver is loaded for it", gpu.Unavailable[nameof(HardwareDevice.MemoryBytes)]);
    }

    [Fact]
    public void Intel_gpu_is_read_from_the_kernels_files()
    {
        WithIntel();
        _root.With(Intel + "/hwmon/hwmon5/energy1_input", "2500000").With(Intel + "/hwmon/hwmon5/power1_max", "190000000");
        HardwareDevice gpu = Gpu();
        Assert.Equal(("Intel", "Intel Arc Test", 2.5, 190), (gpu.Vendor, gpu.Name, gpu.EnergyJoules, gpu.PowerLimitWatts));
        Assert.Equal(["SoftwarePowerCap"], gpu.Throttle!);
        Assert.Equal((2.05e9, 2.4e9), (gpu.Accelerator!.ClockHertz, gpu.Accelerator.MaxClockHertz));
        Assert.Contains("Level Zero", gpu.Unavailable[nameof(HardwareDevice.MemoryUsedBytes)], StringComparison.Ordinal);
    }

    [Fact]
    public void Intel_library_gives_what_the_files_do_not()
    {
        WithIntel();
        s_levelZeroMicrojoules = 7e6;
        HardwareProbeOptions options = _root.Options with { Libraries = n => n == "levelzero" ? LevelZeroTable : null };
        HardwareDevice gpu = Assert.Single(HardwareProbe.GetDevices(options with { Kinds = [HardwareKind.Gpu] }, TestContext.Current.CancellationToken));
        Assert.Equal((16L << 30, 4L << 30, 7, 55.5), (gpu.MemoryBytes, gpu.MemoryUsedBytes, gpu.EnergyJoules, gpu.TemperatureCelsius));
        using EnergyMeter meter = EnergyMeter.Open(new EnergyMeterOptions { Probe = options }, TestContext.Current.CancellationToken);
        Assert.Equal("Level Zero energy counter", meter.Source);
    }

    [Fact]
    public void Neural_processors_are_named()
    {
        _root.With("/sys/class/accel/accel0/device/uevent", "DRIVER=intel_vpu\nPCI_SLOT_NAME=0000:00:0b.0").With("/sys/class/accel/accel0/device/npu_memory_utilization", "4096")
            .With("/sys/class/accel/accel0/device/npu_max_frequency_mhz", "1400");
        _root.With("/sys/bus/pci/devices/0000:00:0b.0/vendor", "0x8086").With("/sys/bus/pci/devices/0000:00:0b.0/device", "0x643e").With("/sys/bus/pci/devices/0000:00:0b.0/class", "0x120000");
        _root.With("/sys/bus/pci/devices/0000:10:00.0/vendor", "0x1da3").With("/sys/bus/pci/devices/0000:10:00.0/device", "0x1020").With("/sys/bus/pci/devices/0000:10:00.0/class", "0x120000");
        IReadOnlyList<HardwareDevice> npus = HardwareProbe.GetDevices(_root.Options with { Kinds = [HardwareKind.Npu] }, TestContext.Current.CancellationToken);
        Assert.Equal([("Intel NPU", DeviceHealth.Ok), ("Habana accelerator 1da3:1020", DeviceHealth.NoDriver)], npus.Select(n => (n.Name, n.Health)));
        Assert.Equal((4096, 1.4e9), (npus[0].MemoryUsedBytes, npus[0].Accelerator!.MaxClockHertz));
    }

    [Fact]
    public void Two_samples_of_one_probe_tell_the_power_of_a_counter()
    {
        WithIntel();
        _root.With(Intel + "/hwmon/hwmon5/energy1_input", "1000000");
        using var probe = new HardwareProbe(_root.Options with { Kinds = [HardwareKind.Gpu] });
        HardwareDevice first = Assert.Single(probe.Sample(TestContext.Current.CancellationToken));
        Assert.Null(first.PowerWatts);
        Assert.True(first.Unavailable.ContainsKey(nameof(HardwareDevice.PowerWatts)));
        _root.With(Intel + "/hwmon/hwmon5/energy1_input", "101000000");
        Thread.Sleep(300);
        HardwareDevice second = Assert.Single(probe.Sample(TestContext.Current.CancellationToken));
        Assert.InRange(second.PowerWatts!.Value, double.Epsilon, 100 / 0.29);
        Assert.False(second.Unavailable.ContainsKey(nameof(HardwareDevice.PowerWatts)));
    }

    private static Reading<AmdSmiApi> Library() => AmdSmiApi.Open(new HardwareProbeOptions { Root = "/nowhere" });

    private HardwareDevice Gpu() => Assert.Single(HardwareProbe.GetDevices(_root.Options with { Kinds = [HardwareKind.Gpu] }, TestContext.Current.CancellationToken));

    private void WithDriver(string device, string driver)
    {
        string full = Path.Combine(_root.Path, device.TrimStart('/'));
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Recorded links need rights on Windows.");
        Directory.CreateDirectory(Path.Combine(_root.Path, "sys/bus/pci/drivers", driver));
        Directory.CreateSymbolicLink(full + "/driver", Path.Combine(_root.Path, "sys/bus/pci/drivers", driver));
    }

    private void WithAmd()
    {
        _root.With(Amd + "/vendor", "0x1002").With(Amd + "/device", "0x74a1").With(Amd + "/class", "0x038000").With(Amd + "/product_name", "AMD Instinct Test").With(Amd + "/unique_id", "00aabbccddeeff00")
            .With(Amd + "/mem_info_vram_total", $"{64L << 30}").With(Amd + "/mem_info_vram_used", $"{1L << 30}").With(Amd + "/gpu_busy_percent", "42")
            .With(Amd + "/hwmon/hwmon3/power1_average", "300000000").With(Amd + "/hwmon/hwmon3/power1_cap", "500000000").With(Amd + "/hwmon/hwmon3/temp1_input", "55000").With(Amd + "/hwmon/hwmon3/temp2_input", "71000")
            .With(Amd + "/pp_dpm_sclk", "0: 500Mhz\n1: 1700Mhz *\n2: 2100Mhz").With(Amd + "/ras/umc_err_count", "ue: 2\nce: 7")
            .With(Amd + "/current_link_speed", "16.0 GT/s PCIe").With(Amd + "/current_link_width", "16").WithBytes(Amd + "/gpu_metrics", Metrics(100 * 65536, 0x1 | (1UL << 36)));
        WithDriver(Amd, "amdgpu");
    }

    private void WithIntel()
    {
        _root.With(Intel + "/vendor", "0x8086").With(Intel + "/device", "0x56a0").With(Intel + "/class", "0x030000").With(Intel + "/drm/card1/gt/gt0/rps_act_freq_mhz", "2050").With(Intel + "/drm/card1/gt/gt0/rps_RP0_freq_mhz", "2400")
            .With(Intel + "/drm/card1/gt/gt0/throttle_reason_status", "1").With(Intel + "/drm/card1/gt/gt0/throttle_reason_pl1", "1").With(Intel + "/drm/card1/gt/gt0/throttle_reason_thermal", "0")
            .With("/usr/share/misc/pci.ids", "1002  Advanced Micro Devices\n\t56a0  Wrong\n8086  Intel Corporation\n\t0001  Other\n\t56a0  Arc Test\n\t\t8086 1020  Sub\n");
        WithDriver(Intel, "i915");
    }

    private static byte[] Metrics(ulong energy, ulong throttle)
    {
        byte[] table = new byte[120];
        BinaryPrimitives.WriteUInt16LittleEndian(table, 120);
        (table[2], table[3]) = (1, 3);
        BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(24), energy);
        BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(112), throttle);
        return table;
    }

    private static NativeTable AmdTable { get; } = new(name => name switch
    {
        "amdsmi_init" => (nint)(delegate* unmanaged[Cdecl]<ulong, int>)&AmdInit,
        "amdsmi_get_socket_handles" => (nint)(delegate* unmanaged[Cdecl]<uint*, nint*, int>)&AmdSockets,
        "amdsmi_get_processor_handles" => (nint)(delegate* unmanaged[Cdecl]<nint, uint*, nint*, int>)&AmdProcessors,
        "amdsmi_get_gpu_device_bdf" => (nint)(delegate* unmanaged[Cdecl]<nint, ulong*, int>)&AmdBdf,
        "amdsmi_get_gpu_device_uuid" => (nint)(delegate* unmanaged[Cdecl]<nint, uint*, byte*, int>)&AmdUuid,
        "amdsmi_get_gpu_asic_info" => (nint)(delegate* unmanaged[Cdecl]<nint, byte*, int>)&AmdAsic,
        "amdsmi_get_energy_count" => (nint)(delegate* unmanaged[Cdecl]<nint, ulong*, float*, ulong*, int>)&AmdEnergy,
        _ => 0,
    });

    private static NativeTable LevelZeroTable { get; } = new(name => name switch
    {
        "zesInit" => (nint)(delegate* unmanaged[Cdecl]<uint, int>)&ZeInit,
        "zesDriverGet" => (nint)(delegate* unmanaged[Cdecl]<uint*, nint*, int>)&AmdSockets,
        "zesDeviceGet" or "zesDeviceEnumPowerDomains" or "zesDeviceEnumMemoryModules" or "zesDeviceEnumTemperatureSensors" => (nint)(delegate* unmanaged[Cdecl]<nint, uint*, nint*, int>)&AmdProcessors,
        "zesDevicePciGetProperties" => (nint)(delegate* unmanaged[Cdecl]<nint, uint*, int>)&ZePci,
        "zesPowerGetEnergyCounter" => (nint)(delegate* unmanaged[Cdecl]<nint, ulong*, int>)&ZeEnergy,
        "zesTemperatureGetState" => (nint)(delegate* unmanaged[Cdecl]<nint, double*, int>)&ZeTemperature,
        "zesMemoryGetState" => (nint)(delegate* unmanaged[Cdecl]<nint, ulong*, int>)&ZeMemory,
        _ => 0,
    });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AmdInit(ulong flags) => flags == 2 ? 0 : 1;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AmdSockets(uint* count, nint* handles)
    {
        (*count, handles[0]) = (1, 11);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AmdProcessors(nint socket, uint* count, nint* handles)
    {
        (*count, handles[0]) = (1, 22);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AmdBdf(nint device, ulong* bdf)
    {
        *bdf = 3UL << 8;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AmdUuid(nint device, uint* length, byte* text)
    {
        "aaff-1234\0"u8.CopyTo(new Span<byte>(text, (int)*length));
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AmdAsic(nint device, byte* info)
    {
        "AMD Instinct MI300X\0"u8.CopyTo(new Span<byte>(info, 64));
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AmdEnergy(nint device, ulong* count, float* resolution, ulong* time)
    {
        (*count, *resolution, *time) = (1_000_000, 15.3f, 1);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ZeInit(uint flags) => 0;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ZePci(nint device, uint* properties)
    {
        // stype, padding, pNext, then domain, bus, device, function.
        (properties[4], properties[5], properties[6], properties[7]) = (0, 4, 0, 0);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ZeEnergy(nint domain, ulong* counter)
    {
        (counter[0], counter[1]) = ((ulong)s_levelZeroMicrojoules, 1);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ZeTemperature(nint sensor, double* celsius)
    {
        *celsius = 55.5;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ZeMemory(nint module, ulong* state)
    {
        // stype, padding, pNext, health, padding, free, size.
        (state[3], state[4]) = (12UL << 30, 16UL << 30);
        return 0;
    }
}
