using System.Globalization;
using TokenFactory.Hardware.Probing;
using static TokenFactory.Hardware.Doctor.HardwareDoctor;

namespace TokenFactory.Hardware.Doctor;

/// <summary>What can be wrong with the machine, its processors and its memory.</summary>
internal static class HostRules
{
    // Pinned staging buffers and RDMA registrations of serving engines are larger than the old default of 64 KiB to 8 MiB.
    private const long EnoughLockedBytes = 64L << 20;

    public static IEnumerable<HardwareIssue> Check(HardwareDevice device, IReadOnlyList<HardwareDevice> all, FileTree files) => device.Kind switch
    {
        HardwareKind.Cpu => Processor(device, files),
        HardwareKind.Memory => Memory(device, all),
        _ => Machine(device),
    };

    private static IEnumerable<HardwareIssue> Processor(HardwareDevice device, FileTree files)
    {
        CpuDetails cpu = device.Cpu!;
        if (cpu.VectorSets.Count > 0 && !cpu.VectorSets.Any(s => s is "AVX2" or "AVX512F" or "NEON" or "SVE"))
        {
            yield return Issue(IssueSeverity.Warning, "VectorSetMissing", device, "The processor shows neither AVX2 nor NEON; products run several times slower.",
                "In a virtual machine, choose the host's processor model (-cpu host); else use newer hardware.");
        }

        if (cpu.LimitedBy is { } limit && cpu.UsableThreads < cpu.Threads)
        {
            yield return Issue(IssueSeverity.Information, "ProcessorLimited", device,
                string.Create(CultureInfo.InvariantCulture, $"This process may use {cpu.UsableThreads:0.##} of {cpu.Threads} threads, by its {limit}."),
                "If more speed is wanted, raise the processor limit of its container or service (docker --cpus, CPUQuota), or widen its affinity (taskset, cpuset).");
        }

        string driver = files.Text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver").Value ?? "";
        bool firmwareDecides = driver is "intel_pstate" or "amd-pstate-epp";
        if (files.Text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").Value == "powersave" && !firmwareDecides)
        {
            yield return Issue(IssueSeverity.Warning, "ProcessorHeldAtLowClock", device, "The frequency governor 'powersave' holds the processor at its lowest clock.",
                "Choose 'performance' or 'schedutil' (cpupower frequency-set -g performance).");
        }

        if (device.Unavailable.GetValueOrDefault(nameof(HardwareDevice.EnergyJoules))?.Contains("root", StringComparison.Ordinal) == true)
        {
            yield return Issue(IssueSeverity.Information, "EnergyNotReadable", device, "The processor's energy counters are readable by root only: joules per token will be unknown.",
                "Let a group read /sys/class/powercap/intel-rapl:*/energy_uj by a udev rule, or declare the machine's power.");
        }
    }

    private static IEnumerable<HardwareIssue> Memory(HardwareDevice device, IReadOnlyList<HardwareDevice> all)
    {
        bool accelerated = all.Any(d => d.Kind == HardwareKind.Gpu && d.Health == DeviceHealth.Ok);
        if (accelerated && device.Memory!.LockedLimitBytes is { } locked && locked < EnoughLockedBytes)
        {
            yield return Issue(IssueSeverity.Warning, "LockedMemoryLimit", device,
                string.Create(CultureInfo.InvariantCulture, $"This process may lock {locked / 1048576.0:0.##} MiB of memory; copies to accelerators and RDMA want more."),
                "Raise the limit: ulimit -l unlimited, LimitMEMLOCK=infinity in the service, or --ulimit memlock=-1 for a container.");
        }
    }

    private static IEnumerable<HardwareIssue> Machine(HardwareDevice device)
    {
        if (device.System!.Hypervisor is { } hypervisor && (hypervisor.Contains("emulated", StringComparison.Ordinal) || hypervisor == "Rosetta"))
        {
            yield return Issue(IssueSeverity.Warning, "ProcessorEmulated", device, $"The processor is emulated ({hypervisor}): every figure here is far below the hardware's.",
                "Use hardware virtualization, or a build of .NET for this machine's own processor.");
        }
    }
}
