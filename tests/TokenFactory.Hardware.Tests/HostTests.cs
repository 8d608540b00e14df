using TokenFactory.Hardware.Cpu;
using TokenFactory.Hardware.Host;
using TokenFactory.Hardware.Memory;
using TokenFactory.Hardware.Probing;
using Xunit;

namespace TokenFactory.Hardware.Tests;

public sealed class HostTests
{
    private const string V2Mount = "31 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw";

    [Fact]
    public void Server_topology_is_read()
    {
        using FakeRoot root = new FakeRoot().WithServer();
        HardwareDevice device = root.Device(HardwareKind.Cpu);
        CpuDetails cpu = device.Cpu!;
        Assert.Equal("Intel(R) Xeon(R) Test", device.Name);
        Assert.Equal("Intel", device.Vendor);
        Assert.Equal((2, 4, 8), (cpu.Sockets, cpu.Cores, cpu.Threads));
        Assert.Equal(8, cpu.UsableThreads);
        Assert.Equal(4, cpu.UsableCores);
        Assert.Null(cpu.LimitedBy);
        Assert.Equal(2.5e9, cpu.FrequencyHertz);
        Assert.Equal(3.8e9, cpu.MaxFrequencyHertz);
        Assert.Contains("AMX-INT8", cpu.VectorSets);
        Assert.Equal([new CpuCache(1, "Data", 48 << 10, 4), new CpuCache(3, "Unified", 30 << 20, 2)], cpu.Caches);
        Assert.Equal([new NumaNode(0, "0-1,4-5", 16L << 30), new NumaNode(1, "2-3,6-7", 16L << 30)], cpu.NumaNodes);
        Assert.Contains("RAPL", device.Unavailable[nameof(HardwareDevice.EnergyJoules)], StringComparison.Ordinal);
    }

    [Fact]
    public void Affinity_limits_what_is_usable()
    {
        using FakeRoot root = new FakeRoot().WithServer().With("/proc/self/status", "Cpus_allowed_list:\t0,4");
        CpuDetails cpu = root.Device(HardwareKind.Cpu).Cpu!;
        Assert.Equal(2, cpu.UsableThreads);
        Assert.Equal(1, cpu.UsableCores);
        Assert.Equal("affinity to 2 of 8 threads", cpu.LimitedBy);
    }

    [Fact]
    public void Smallest_limit_on_the_way_to_the_root_of_version_2_counts()
    {
        using FakeRoot root = new FakeRoot().WithServer()
            .With("/proc/self/cgroup", "0::/kubepods.slice/pod1/c1").With("/proc/self/mountinfo", V2Mount)
            .With("/sys/fs/cgroup/kubepods.slice/pod1/c1/cpu.max", "max 100000")
            .With("/sys/fs/cgroup/kubepods.slice/pod1/cpu.max", "150000 100000")
            .With("/sys/fs/cgroup/kubepods.slice/cpu.max", "400000 100000")
            .With("/sys/fs/cgroup/kubepods.slice/pod1/c1/memory.max", "8589934592")
            .With("/sys/fs/cgroup/kubepods.slice/pod1/c1/memory.current", "1073741824")
            .With("/sys/fs/cgroup/kubepods.slice/pod1/memory.max", "max");
        CpuDetails cpu = root.Device(HardwareKind.Cpu).Cpu!;
        Assert.Equal(1.5, cpu.UsableThreads);
        Assert.Equal(2, cpu.UsableCores);
        Assert.Equal("control group's quota of 1.5 threads", cpu.LimitedBy);
        HardwareDevice memory = root.Device(HardwareKind.Memory);
        Assert.Equal(8L << 30, memory.MemoryBytes);
        Assert.Equal(1L << 30, memory.MemoryUsedBytes);
        Assert.Equal(7L << 30, memory.Memory!.AvailableBytes);
        Assert.Equal(32L << 30, memory.Memory.TotalBytes);
        Assert.Equal("Kubernetes", root.Device(HardwareKind.System).System!.Container);
        Assert.Equal(2, root.Device(HardwareKind.System).System!.CgroupVersion);
    }

    [Fact]
    public void Machine_booted_from_a_containers_image_is_no_container()
    {
        using FakeRoot root = new FakeRoot().With("/.dockerenv", "");
        Assert.Equal("Docker", root.Device(HardwareKind.System).System!.Container);
        root.With("/proc/2/comm", "kthreadd");
        Assert.Null(root.Device(HardwareKind.System).System!.Container);
        root.With("/proc/self/cgroup", "0::/system.slice/docker-abc.scope");
        Assert.Equal("Docker", root.Device(HardwareKind.System).System!.Container);
    }

    [Fact]
    public void Version_1_in_a_container_is_read_through_its_mounts_root()
    {
        using FakeRoot root = new FakeRoot().WithServer()
            .With("/proc/self/cgroup", "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/")
            .With("/proc/self/mountinfo", "40 30 0:33 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu,cpuacct\n41 30 0:34 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory")
            .With("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000").With("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000")
            .With("/sys/fs/cgroup/memory/memory.limit_in_bytes", "4294967296").With("/sys/fs/cgroup/memory/memory.usage_in_bytes", "4096");
        var limits = CgroupLimits.Read(new FileTree(root.Path));
        Assert.Equal(new CgroupLimits(1, 2, 4L << 30, 4096), limits);
    }

    [Fact]
    public void No_limit_of_version_1_is_none()
    {
        using FakeRoot root = new FakeRoot()
            .With("/proc/self/cgroup", "4:memory:/x").With("/proc/self/mountinfo", "41 30 0:34 / /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory")
            .With("/sys/fs/cgroup/memory/x/memory.limit_in_bytes", "9223372036854771712");
        Assert.Null(CgroupLimits.Read(new FileTree(root.Path)).MemoryLimitBytes);
    }

    [Fact]
    public void Load_of_the_usable_processors_is_told_from_the_second_sample_on()
    {
        using FakeRoot root = new FakeRoot().WithServer().With("/proc/self/status", "Cpus_allowed_list:\t0-1")
            .With("/proc/stat", "cpu  9 9 9 9 9 9 9 9\ncpu0 100 0 0 900 0 0 0 0\ncpu1 0 0 0 1000 0 0 0 0\ncpu2 0 0 0 0 0 0 0 0");
        using var probe = new HardwareProbe(root.Options with { Kinds = [HardwareKind.Cpu] });
        HardwareDevice first = Assert.Single(probe.Sample(TestContext.Current.CancellationToken));
        Assert.Null(first.Utilization);
        Assert.Contains("second sample", first.Unavailable[nameof(HardwareDevice.Utilization)], StringComparison.Ordinal);
        root.With("/proc/stat", "cpu  9 9 9 9 9 9 9 9\ncpu0 160 10 10 910 10 0 0 0\ncpu1 0 0 0 1100 0 0 0 0\ncpu2 5000 0 0 0 0 0 0 0");
        HardwareDevice second = Assert.Single(probe.Sample(TestContext.Current.CancellationToken));
        Assert.Equal(0.4, second.Utilization!.Value, 9);
        Assert.False(second.Unavailable.ContainsKey(nameof(HardwareDevice.Utilization)));
    }

    [Fact]
    public void Arm_design_is_named_by_its_number()
    {
        using FakeRoot root = new FakeRoot().With("/proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd asimddp sve sve2 i8mm bf16\nCPU implementer\t: 0x41\nCPU part\t: 0xd4f\n")
            .With("/sys/devices/system/cpu/online", "0");
        HardwareDevice device = root.Device(HardwareKind.Cpu);
        Assert.Equal("Arm Neoverse-V2", device.Name);
        Assert.Equal(["NEON", "DOTPROD", "I8MM", "BF16", "SVE", "SVE2"], device.Cpu!.VectorSets);
        Assert.NotEmpty(device.Unavailable[nameof(CpuDetails.Cores)]);
    }

    [Fact]
    public void Empty_root_gives_reasons_and_no_error()
    {
        using var root = new FakeRoot();
        HardwareDevice cpu = root.Device(HardwareKind.Cpu);
        Assert.Null(cpu.Cpu!.Threads);
        Assert.Contains("/proc/cpuinfo", cpu.Unavailable[nameof(CpuDetails.Threads)], StringComparison.Ordinal);
        HardwareDevice memory = root.Device(HardwareKind.Memory);
        Assert.Null(memory.MemoryBytes);
        Assert.Contains("/proc/meminfo", memory.Unavailable[nameof(HardwareDevice.MemoryBytes)], StringComparison.Ordinal);
    }

    [Fact]
    public void Garbage_in_files_gives_reasons_and_no_error()
    {
        using FakeRoot root = new FakeRoot().WithServer()
            .With("/proc/meminfo", "MemTotal: lots\n\0\0").With("/sys/devices/system/cpu/online", "0-x")
            .With("/sys/devices/system/cpu/cpu0/topology/core_id", "zero").With("/proc/self/limits", "Max locked memory   maybe")
            .With("/proc/self/cgroup", ":::\n0").With("/proc/self/mountinfo", "a b c");
        foreach (HardwareDevice device in HardwareProbe.GetDevices(root.Options, TestContext.Current.CancellationToken))
        {
            Assert.DoesNotContain(device.Unavailable, p => string.IsNullOrWhiteSpace(p.Value));
        }

        Assert.Null(root.Device(HardwareKind.Memory).MemoryBytes);
    }

    [Theory]
    [InlineData("KVMKVMKVM\0\0\0", null, "KVM")]
    [InlineData("Microsoft Hv", null, "Hyper-V")]
    [InlineData("KVMKVMKVM\0\0\0", "Amazon EC2", "KVM (Amazon EC2)")]
    [InlineData("strangestran", null, "unknown (strangestran)")]
    [InlineData("", "Dell Inc.", null)]
    public void Hypervisor_is_named(string signature, string? vendor, string? expected)
    {
        using var root = new FakeRoot();
        if (vendor is not null)
        {
            root.With("/sys/class/dmi/id/sys_vendor", vendor);
        }

        Assert.Equal(expected, root.Device(HardwareKind.System, Recorded(signature)).System!.Hypervisor);
    }

    [Fact]
    public void Hypervisor_without_cpuid_comes_from_the_firmware_or_has_a_reason()
    {
        using FakeRoot root = new FakeRoot().With("/sys/firmware/devicetree/base/hypervisor/compatible", "linux,kvm");
        Assert.Equal("KVM", root.Device(HardwareKind.System).System!.Hypervisor);
        using var nothing = new FakeRoot();
        HardwareDevice unknown = nothing.Device(HardwareKind.System);
        Assert.Null(unknown.System!.Hypervisor);
        Assert.True(unknown.Unavailable.ContainsKey(nameof(SystemDetails.Hypervisor)));
    }

    [Fact]
    public void Firmware_tables_tell_memory_type_and_speed()
    {
        byte[] module = new byte[0x28];
        (module[0], module[1]) = (17, 0x28);
        module[0x0c] = 0x00;
        module[0x0d] = 0x40;
        module[0x12] = 0x22;
        (module[0x15], module[0x16]) = (0xc0, 0x12);
        (module[0x20], module[0x21]) = (0x30, 0x11);
        byte[] empty = (byte[])module.Clone();
        empty[0x0d] = 0;
        byte[] table = [.. module, .. "DIMM 0\0\0"u8, .. empty, 0, 0, 127, 4, 0, 0, 0, 0];
        Assert.Equal(new SmbiosMemory("DDR5", 4400e6, 1), SmbiosMemory.Parse(table));
        for (int length = 0; length < table.Length; length++)
        {
            Assert.InRange(SmbiosMemory.Parse(table.AsSpan(0, length)).Modules, 0, 1);
        }
    }

    [Fact]
    public void Kernel_lists_are_parsed()
    {
        Assert.Equal([0, 1, 2, 8, 10, 11], FileTree.ParseList("0-2,8,10-11").Value!);
        Assert.False(FileTree.ParseList("3-1").Ok);
        Assert.False(FileTree.ParseList("0-99999999").Ok);
    }

    [Fact]
    public void This_machine_is_read()
    {
        IReadOnlyList<HardwareDevice> devices = HardwareProbe.GetDevices(cancellationToken: TestContext.Current.CancellationToken);
        HardwareDevice cpu = Assert.Single(devices, d => d.Kind == HardwareKind.Cpu);
        Assert.InRange(cpu.Cpu!.UsableThreads, 0.01, Environment.ProcessorCount);
        Assert.NotEmpty(cpu.Name);
        HardwareDevice memory = Assert.Single(devices, d => d.Kind == HardwareKind.Memory);
        Assert.InRange(memory.MemoryBytes!.Value, 1L << 27, 1L << 50);
        Assert.All(devices, d => Assert.All(d.Unavailable, p => Assert.NotEmpty(p.Value)));
    }

    [Fact]
    public void Vector_sets_of_the_runtime_are_among_the_systems()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The list of the system is Linux's.");
        IReadOnlyList<string> all = HardwareProbe.GetDevices(new HardwareProbeOptions { Kinds = [HardwareKind.Cpu] }, TestContext.Current.CancellationToken)[0].Cpu!.VectorSets;
        Assert.Subset(new HashSet<string>(all), new HashSet<string>(VectorSets.FromRuntime()));
    }

    internal static CpuIdentification Recorded(string signature)
    {
        byte[] text = new byte[12];
        System.Text.Encoding.ASCII.GetBytes(signature, text);
        return (leaf, _) => leaf switch
        {
            1 => (0, 0, signature.Length > 0 ? 1u << 31 : 0, 0),
            0x40000000 => (0x40000001, BitConverter.ToUInt32(text, 0), BitConverter.ToUInt32(text, 4), BitConverter.ToUInt32(text, 8)),
            _ => default,
        };
    }
}
