using System.Runtime.InteropServices;
using TokenFactory.Hardware.Apple;
using TokenFactory.Hardware.Cpu;
using TokenFactory.Hardware.Energy;
using TokenFactory.Hardware.Memory;
using TokenFactory.Hardware.Probing;
using TokenFactory.Hardware.Windows;

namespace TokenFactory.Hardware.Host;

/// <summary>The machine itself, its processors and its memory.</summary>
internal sealed record HostDevices(IReadOnlyList<HardwareDevice> Devices)
{
    private const string XidErrors = "errors of NVIDIA's driver (XID, in the kernel's log)";

    public static HostDevices Read(FileTree files, HardwareProbeOptions options)
    {
        bool linux = !options.IsLive || OperatingSystem.IsLinux();
        CgroupLimits limits = linux ? CgroupLimits.Read(files) : new CgroupLimits(null, null, null, null);
        string architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        HardwareDevice cpu;
        HardwareDevice memory;
        if (linux)
        {
            cpu = LinuxCpu.Read(files, limits, architecture);
            memory = LinuxMemory.Read(files, limits);
        }
        else if (OperatingSystem.IsWindows())
        {
            cpu = WindowsHost.Cpu(architecture);
            memory = WindowsHost.Memory();
        }
        else if (OperatingSystem.IsMacOS())
        {
            cpu = AppleHost.Cpu(Sysctl.Live, architecture);
            memory = AppleHost.Memory(Sysctl.Live);
        }
        else
        {
            cpu = PortableHost.Cpu(architecture);
            memory = PortableHost.Memory();
        }

        return new HostDevices([SystemDevice(files, options, limits, linux), WithEnergy(cpu, files, linux), memory]);
    }

    private static HardwareDevice SystemDevice(FileTree files, HardwareProbeOptions options, CgroupLimits limits, bool linux)
    {
        var log = new FieldLog();
        CpuIdentification? cpuId = options.CpuId ?? (options.IsLive ? CpuIdReader.Live : null);
        Reading<string?> hypervisor = VirtualMachine.Hypervisor(files, cpuId, linux);
        if (!hypervisor.Ok)
        {
            log.Missing(hypervisor.Reason!, nameof(SystemDetails.Hypervisor));
        }

        string? product = linux ? VirtualMachine.Product(files) : null;
        if (product is null)
        {
            log.Missing(linux ? "this machine's firmware names no product" : "read on Linux only", nameof(SystemDetails.Product));
        }

        string? container = linux ? VirtualMachine.Container(files, options.IsLive ? Environment.GetEnvironmentVariable : _ => null) : null;
        return new HardwareDevice
        {
            Kind = HardwareKind.System,
            Id = "system",
            Name = product ?? (hypervisor.Value is { } h ? $"{h} virtual machine" : "This machine"),
            Timestamp = DateTimeOffset.Now,
            System = new SystemDetails
            {
                OperatingSystem = options.IsLive ? RuntimeInformation.OSDescription.Trim() : files.Text("/proc/sys/kernel/osrelease").Value is { } release ? $"Linux {release}" : "Linux",
                Hypervisor = hypervisor.Value,
                Container = container,
                Product = product,
                CgroupVersion = limits.Version,
                RootWouldAdd = linux ? RootWouldAdd(files) : [],
            },
            Unavailable = log.Reasons,
        };
    }

    private static HardwareDevice WithEnergy(HardwareDevice cpu, FileTree files, bool linux)
    {
        var log = new FieldLog();
        foreach ((string field, string reason) in cpu.Unavailable)
        {
            log.Missing(reason, field);
        }

        var reasons = new List<string>();
        IReadOnlyList<EnergySource> sources = linux ? Rapl.Sources(files, system: false, reasons) : [];
        double? joules = null;
        if (sources.Count > 0)
        {
            Reading<double>[] readings = [.. sources.Select(s => s.Read())];
            joules = readings.All(r => r.Ok) ? readings.Sum(r => r.Value) : null;
        }

        if (joules is null)
        {
            log.Missing(reasons.Count > 0 ? reasons[0] : "the energy meter reads it over a window (EMI on Windows, IOReport on macOS)", nameof(HardwareDevice.EnergyJoules));
        }

        log.Missing(joules is null ? log.Reasons[nameof(HardwareDevice.EnergyJoules)] : "the processor counts energy: -Watch tells its power between samples", nameof(HardwareDevice.PowerWatts));
        return cpu with { EnergyJoules = joules, EnergyScope = joules is null ? null : EnergyScope.Package, Unavailable = log.Reasons };
    }

    // Only what really is closed to this user counts: an administrator sees an empty list.
    private static List<string> RootWouldAdd(FileTree files)
    {
        (string Path, string What)[] closed =
        [
            ("/sys/firmware/dmi/tables/DMI", "memory type and speed (SMBIOS tables)"),
            ("/sys/class/powercap/intel-rapl:0/energy_uj", "the processor's energy counter (RAPL)"),
            ("/dev/kmsg", XidErrors),
        ];
        bool nvidia = PciDevices.Accelerators(files).Any(d => d.VendorId == PciDevice.Nvidia);
        return
        [
            .. closed.Where(c => (nvidia || c.What != XidErrors) && files.Exists(c.Path) && Denied(files, c.Path)).Select(c => c.What)
        ];
    }

    private static bool Denied(FileTree files, string path)
    {
        try
        {
            using FileStream stream = new(files.Full(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
