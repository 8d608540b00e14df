using TokenFactory.Hardware.Doctor;
using Xunit;

namespace TokenFactory.Hardware.Tests;

[Collection("nvml")]
public sealed class DoctorTests : IDisposable
{
    private readonly FakeRoot _root = new FakeRoot().WithServer();

    public void Dispose()
    {
        FakeNvml.Reset();
        _root.Dispose();
    }

    [Fact]
    public void Machine_in_order_has_no_issue()
    {
        FakeNvml.Reset(new FakeGpu());
        _root.With("/proc/self/limits", "Max locked memory         unlimited            unlimited            bytes");
        Assert.Empty(Ids());
    }

    [Fact]
    public void Each_thing_that_is_wrong_has_its_id()
    {
        _root.With("/proc/self/limits", "Max locked memory         65536            65536            bytes");
        FakeNvml.Reset(new FakeGpu { Throttle = 0x4 | 0x40 | 0x8, Width = 8, Generation = 3, RemapFailed = 1, LinksDown = 2 }, new FakeGpu { Status = 15 });
        Assert.Equal(
            ["DeviceLost", "DeviceLinkDown", "LinkBelowGeneration", "LinkBelowWidth", "LockedMemoryLimit", "PowerThrottling", "RowRemapFailed", "ThermalThrottling"],
            Ids().Order(StringComparer.Ordinal).OrderByDescending(i => i == "DeviceLost"));
    }

    [Fact]
    public void Link_that_sleeps_is_no_issue()
    {
        _root.With("/proc/self/limits", "Max locked memory         unlimited            unlimited            bytes");
        FakeNvml.Reset(new FakeGpu { Generation = 1, Busy = 0 });
        Assert.Empty(Ids());
    }

    [Fact]
    public void Old_library_beside_a_new_driver_is_a_mismatch()
    {
        FakeNvml.Reset();
        FakeNvml.InitStatus = 18;
        _root.With("/sys/module/nvidia/version", "580.95.05");
        HardwareIssue issue = Assert.Single(Issues());
        Assert.Equal("DriverVersionMismatch", issue.Id);
        Assert.Contains("580.95.05", issue.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Container_without_device_files_is_told()
    {
        FakeNvml.Reset();
        FakeNvml.InitStatus = 9;
        _root.With("/.dockerenv", "").With("/proc/driver/nvidia/version", "NVRM version");
        Assert.Contains("ContainerWithoutDevices", Ids());
    }

    [Fact]
    public void Gpu_without_a_provider_is_told()
    {
        FakeNvml.Reset(new FakeGpu());
        _root.With("/proc/self/limits", "Max locked memory         unlimited            unlimited            bytes");
        HardwareIssue issue = Assert.Single(Issues("CPU"));
        Assert.Equal(("ProviderMissing", IssueSeverity.Warning), (issue.Id, issue.Severity));
        Assert.Contains("Install-TokenFactoryProvider", issue.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Driver_that_hangs_is_told()
    {
        FakeNvml.Reset(new FakeGpu { Hangs = "Temperature" });
        Assert.Contains(
            HardwareDoctor.Examine(FakeNvml.Options(_root.Path) with { Timeout = TimeSpan.FromMilliseconds(500) }, () => ["CUDA"], TestContext.Current.CancellationToken),
            i => i.Id == "DriverNotResponding");
    }

    [Fact]
    public void Governor_and_quota_and_vectors_of_the_processor_are_told()
    {
        FakeNvml.Reset();
        _root.With("/proc/cpuinfo", "processor\t: 0\nflags\t: sse4_2\n").With("/sys/devices/system/cpu/online", "0-7").With("/proc/self/status", "Cpus_allowed_list:\t0")
            .With("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave").With("/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver", "acpi-cpufreq");
        Assert.Equal(["ProcessorHeldAtLowClock", "VectorSetMissing", "ProcessorLimited"], Ids());
    }

    [Fact]
    public void Emulated_processor_is_told()
    {
        FakeNvml.Reset();
        HardwareIssue issue = Assert.Single(HardwareDoctor.Examine(
            FakeNvml.Options(_root.Path) with { CpuId = HostTests.Recorded("TCGTCGTCGTCG") }, () => [], TestContext.Current.CancellationToken));
        Assert.Equal("ProcessorEmulated", issue.Id);
    }

    [Fact]
    public void Every_issue_says_what_to_do()
    {
        FakeNvml.Reset(new FakeGpu { Throttle = 0x4, Width = 4 }, new FakeGpu { HandleStatus = 4 });
        Assert.All(Issues("CPU"), i => Assert.True(i.Remedy.Length > 15 && i.Message.Length > 15, i.Id));
    }

    private IReadOnlyList<HardwareIssue> Issues(params string[] providers) =>
        HardwareDoctor.Examine(FakeNvml.Options(_root.Path), () => providers.Length > 0 ? providers : ["CPU", "CUDA"], TestContext.Current.CancellationToken);

    private string[] Ids() => [.. Issues().Select(i => i.Id)];
}
