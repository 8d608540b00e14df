using TokenFactory.Hardware.Energy;
using Xunit;

namespace TokenFactory.Hardware.Tests;

[Collection("nvml")]
public sealed class NvmlTests : IDisposable
{
    private readonly FakeRoot _root = new FakeRoot().WithServer();

    public void Dispose()
    {
        FakeNvml.Reset();
        _root.Dispose();
    }

    [Fact]
    public void Every_field_is_read()
    {
        FakeNvml.Reset(new FakeGpu { Throttle = 0x1 | 0x4 });
        HardwareDevice gpu = Assert.Single(Gpus());
        Assert.Equal(("NVIDIA H100 80GB HBM3", "GPU-0000-1", DeviceHealth.Ok), (gpu.Name, gpu.Id, gpu.Health));
        Assert.Equal((80L << 30, 20L << 30), (gpu.MemoryBytes, gpu.MemoryUsedBytes));
        Assert.Equal(350, gpu.PowerWatts);
        Assert.Equal(700, gpu.PowerLimitWatts);
        Assert.Equal(5000, gpu.EnergyJoules);
        Assert.Equal(EnergyScope.Device, gpu.EnergyScope);
        Assert.Equal(["SoftwarePowerCap"], gpu.Throttle!);
        Assert.Equal(0.87, gpu.Utilization);
        AcceleratorDetails accelerator = gpu.Accelerator!;
        Assert.Equal("0000:65:00.0", accelerator.Bus);
        Assert.Equal(("580.95.05", "13.0"), (accelerator.DriverVersion, accelerator.CudaVersion));
        Assert.Equal((1.755e9, 1.98e9, 2.619e9), (accelerator.ClockHertz, accelerator.MaxClockHertz, accelerator.MemoryClockHertz));
        Assert.Equal((3, 0, 3), (accelerator.EccCorrectedErrors, accelerator.EccUncorrectedErrors, accelerator.RemappedRows));
        Assert.Equal((5, 16), (accelerator.PcieGeneration, accelerator.PcieWidth));
        Assert.Equal(18, accelerator.Links!.Count);
        Assert.Equal([new AcceleratorProcess(1000, 1L << 30), new AcceleratorProcess(1001, null)], accelerator.Processes!);
        Assert.Contains("too old", gpu.Unavailable[nameof(AcceleratorDetails.FanSpeed)], StringComparison.Ordinal);
        Assert.Equal(1, FakeNvml.Shutdowns);
    }

    [Fact]
    public void Unsupported_fields_have_the_reason_and_nothing_else_is_lost()
    {
        FakeNvml.Reset(new FakeGpu { StatusOf = { ["Energy"] = 3, ["Ecc"] = 3, ["Power"] = 4 }, Links = 0 });
        HardwareDevice gpu = Assert.Single(Gpus());
        Assert.Null(gpu.EnergyJoules);
        Assert.Equal("this device does not support it", gpu.Unavailable[nameof(HardwareDevice.EnergyJoules)]);
        Assert.Contains("needs root", gpu.Unavailable[nameof(HardwareDevice.PowerWatts)], StringComparison.Ordinal);
        Assert.Equal(700, gpu.PowerLimitWatts);
        Assert.Empty(gpu.Accelerator!.Links!);
    }

    [Fact]
    public void Lost_device_hides_no_other()
    {
        FakeNvml.Reset(new FakeGpu { Status = 15 }, new FakeGpu(), new FakeGpu { HandleStatus = 15 }, new FakeGpu { HandleStatus = 4 });
        IReadOnlyList<HardwareDevice> gpus = Gpus();
        Assert.Equal([DeviceHealth.Lost, DeviceHealth.Ok, DeviceHealth.Lost, DeviceHealth.NoPermission], gpus.Select(g => g.Health));
        Assert.Equal("the device fell off the bus", gpus[0].Unavailable[nameof(HardwareDevice.MemoryBytes)]);
        Assert.Equal(80L << 30, gpus[1].MemoryBytes);
    }

    [Fact]
    public void Driver_that_hangs_costs_one_timeout_and_hides_no_other()
    {
        FakeNvml.Reset(new FakeGpu { Hangs = "Power" }, new FakeGpu(), new FakeGpu { Hangs = "Name" });
        IReadOnlyList<HardwareDevice> gpus = HardwareProbe.GetDevices(
            FakeNvml.Options(_root.Path) with { Kinds = [HardwareKind.Gpu], Timeout = TimeSpan.FromSeconds(1) }, TestContext.Current.CancellationToken);
        Assert.Equal(0, FakeNvml.Gpus[0].Calls);
        Assert.Equal([DeviceHealth.NotResponding, DeviceHealth.Ok, DeviceHealth.NotResponding], gpus.Select(g => g.Health));
        Assert.Equal("NVIDIA H100 80GB HBM3", gpus[0].Name);
        Assert.Contains("did not answer within 1 s", gpus[0].Unavailable[nameof(HardwareDevice.PowerWatts)], StringComparison.Ordinal);
        Assert.Equal(350, gpus[1].PowerWatts);
        Assert.Equal(0, FakeNvml.Shutdowns);
    }

    [Fact]
    public void Cancelling_leaves_a_hanging_driver_behind()
    {
        FakeNvml.Reset(new FakeGpu { Hangs = "Name" });
        using var stop = new CancellationTokenSource(50);
        Assert.ThrowsAny<OperationCanceledException>(() => HardwareProbe.GetDevices(FakeNvml.Options(_root.Path) with { Timeout = TimeSpan.FromMinutes(1) }, stop.Token));
    }

    [Fact]
    public void Device_that_comes_back_after_a_reset_is_in_order_again()
    {
        FakeNvml.Reset(new FakeGpu { HandleStatus = 15 });
        using var probe = new HardwareProbe(FakeNvml.Options(_root.Path) with { Kinds = [HardwareKind.Gpu] });
        Assert.Equal(DeviceHealth.Lost, probe.Sample(TestContext.Current.CancellationToken)[0].Health);
        FakeNvml.Gpus[0].HandleStatus = 0;
        Assert.Equal(DeviceHealth.Ok, probe.Sample(TestContext.Current.CancellationToken)[0].Health);
        FakeNvml.Gpus[0].Status = 15;
        Assert.Equal(DeviceHealth.Lost, probe.Sample(TestContext.Current.CancellationToken)[0].Health);
        FakeNvml.Gpus[0].Status = 0;
        Assert.Equal(DeviceHealth.Ok, probe.Sample(TestContext.Current.CancellationToken)[0].Health);
    }

    [Fact]
    public void Garbage_has_a_reason()
    {
        FakeNvml.Reset(new FakeGpu { Busy = 4_000_000_000, Temperature = 70_000, MemoryTotal = ulong.MaxValue });
        HardwareDevice gpu = Assert.Single(Gpus());
        Assert.Null(gpu.Utilization);
        Assert.Null(gpu.TemperatureCelsius);
        Assert.Null(gpu.MemoryBytes);
        Assert.Contains("can't be", gpu.Unavailable[nameof(HardwareDevice.TemperatureCelsius)], StringComparison.Ordinal);
    }

    [Fact]
    public void More_processes_than_fit_are_asked_for_again()
    {
        FakeNvml.Reset(new FakeGpu { Processes = 500 });
        Assert.Equal(500, Assert.Single(Gpus()).Accelerator!.Processes!.Count);
    }

    [Fact]
    public void Device_on_the_bus_without_a_driver_is_shown()
    {
        FakeNvml.Reset();
        FakeNvml.InitStatus = 9;
        WithPci("0000:65:00.0");
        HardwareDevice gpu = Assert.Single(Gpus());
        Assert.Equal(DeviceHealth.NoDriver, gpu.Health);
        Assert.Equal("NVIDIA GPU 10de:2330", gpu.Name);
        Assert.Equal((4, 5, 8, 16), (gpu.Accelerator!.PcieGeneration, gpu.Accelerator.MaxPcieGeneration, gpu.Accelerator.PcieWidth, gpu.Accelerator.MaxPcieWidth));
        Assert.Contains("kernel driver is not loaded", gpu.Unavailable[nameof(HardwareDevice.MemoryBytes)], StringComparison.Ordinal);
    }

    [Fact]
    public void Driver_errors_come_from_the_kernels_log()
    {
        FakeNvml.Reset(new FakeGpu());
        _root.With("/dev/kmsg", "[1.0] NVRM: Xid (PCI:0000:65:00): 79, pid=1, GPU has fallen off the bus.\n[2.0] NVRM: Xid (PCI:0000:66:00): 13, x\n[3.0] NVRM: Xid (PCI:0000:65:00): 48, DBE");
        Assert.Equal([79, 48], Assert.Single(Gpus()).Accelerator!.XidErrors!);
    }

    [Fact]
    public void Driver_errors_while_watching_come_without_root()
    {
        FakeNvml.Reset(new FakeGpu(), new FakeGpu());
        using var probe = new HardwareProbe(FakeNvml.Options(_root.Path) with { Kinds = [HardwareKind.Gpu] });
        HardwareDevice before = probe.Sample(TestContext.Current.CancellationToken)[1];
        Assert.Null(before.Accelerator!.XidErrors);
        Assert.StartsWith("errors from before this probe", before.Unavailable[nameof(AcceleratorDetails.XidErrors)], StringComparison.Ordinal);
        FakeNvml.Gpus[1].Xids.Enqueue(79);
        FakeNvml.Gpus[1].Xids.Enqueue(45);
        IReadOnlyList<HardwareDevice> after = probe.Sample(TestContext.Current.CancellationToken);
        Assert.Null(after[0].Accelerator!.XidErrors);
        Assert.Equal([79, 45], after[1].Accelerator!.XidErrors!);
        Assert.Equal([79, 45], probe.Sample(TestContext.Current.CancellationToken)[1].Accelerator!.XidErrors!);
    }

    [Fact]
    public void Energy_is_the_difference_of_the_counter()
    {
        FakeNvml.Reset(new FakeGpu(), new FakeGpu { EnergyMillijoules = 1000 });
        using EnergyMeter meter = EnergyMeter.Open(new EnergyMeterOptions { Probe = FakeNvml.Options(_root.Path) }, TestContext.Current.CancellationToken);
        Assert.Equal((EnergyScope.Device, "NVML energy counter"), (meter.Scope, meter.Source));
        IEnergySpan span = meter.Start();
        FakeNvml.Gpus[0].EnergyMillijoules += 100_000;
        FakeNvml.Gpus[1].EnergyMillijoules += 50_000;
        Thread.Sleep(250);
        EnergyReading reading = span.Stop();
        Assert.Null(reading.Reason);
        Assert.Equal(150, reading.Joules!.Value, 6);
        Assert.Equal(2, reading.Parts.Count);
    }

    [Fact]
    public void Energy_of_a_device_that_is_lost_in_the_window_is_unknown()
    {
        FakeNvml.Reset(new FakeGpu());
        using EnergyMeter meter = EnergyMeter.Open(new EnergyMeterOptions { Probe = FakeNvml.Options(_root.Path) }, TestContext.Current.CancellationToken);
        IEnergySpan span = meter.Start();
        FakeNvml.Gpus[0].Status = 15;
        Thread.Sleep(250);
        EnergyReading reading = span.Stop();
        Assert.Null(reading.Joules);
        Assert.Equal("the device fell off the bus", reading.Reason);
    }

    internal void WithPci(string bus) => _root
        .With($"/sys/bus/pci/devices/{bus}/vendor", "0x10de").With($"/sys/bus/pci/devices/{bus}/device", "0x2330").With($"/sys/bus/pci/devices/{bus}/class", "0x030200")
        .With($"/sys/bus/pci/devices/{bus}/current_link_speed", "16.0 GT/s PCIe").With($"/sys/bus/pci/devices/{bus}/max_link_speed", "32.0 GT/s PCIe")
        .With($"/sys/bus/pci/devices/{bus}/current_link_width", "8").With($"/sys/bus/pci/devices/{bus}/max_link_width", "16");

    private IReadOnlyList<HardwareDevice> Gpus() =>
        HardwareProbe.GetDevices(FakeNvml.Options(_root.Path) with { Kinds = [HardwareKind.Gpu] }, TestContext.Current.CancellationToken);
}
