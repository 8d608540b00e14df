using System.Globalization;
using TokenFactory.Hardware.Nvidia;
using TokenFactory.Hardware.Probing;
using static TokenFactory.Hardware.Doctor.HardwareDoctor;

namespace TokenFactory.Hardware.Doctor;

/// <summary>What can be wrong between drivers, containers and ONNX Runtime.</summary>
internal static class RuntimeRules
{
    // ONNX Runtime 1.31's CUDA provider is built for CUDA 13; drivers for it report at least that.
    private const double LeastCuda = 13.0;

    private static readonly (string Vendor, string[] Providers)[] s_providers =
    [
        ("NVIDIA", ["CUDA", "Tensorrt", "NvTensorRTRTX", "DML", "WebGPU", "WebGpu"]),
        ("AMD", ["ROCM", "MIGraphX", "DML", "WebGPU", "WebGpu"]),
        ("Intel", ["OpenVINO", "DML", "WebGPU", "WebGpu"]),
        ("Apple", ["CoreML", "WebGPU", "WebGpu"]),
    ];

    public static IEnumerable<HardwareIssue> Check(
        IReadOnlyList<HardwareDevice> devices, string? nvidiaReason, FileTree files, Func<IReadOnlyList<string>> providers)
    {
        HardwareDevice system = devices.First(d => d.Kind == HardwareKind.System);
        if (nvidiaReason == NvmlStatus.Reason(NvmlStatus.VersionMismatch))
        {
            string kernel = files.Text("/sys/module/nvidia/version").Value ?? "unknown";
            yield return Issue(IssueSeverity.Error, "DriverVersionMismatch", system, $"The NVIDIA kernel driver ({kernel}) and its library are of different versions.",
                "Reboot, or reload the nvidia modules after an update; in a container, restart it so that it gets the host's new library.");
        }

        if (system.System!.Container is { } container && WithoutDevices(devices, files) is { } seen)
        {
            yield return Issue(IssueSeverity.Error, "ContainerWithoutDevices", system, $"This {container} container runs on a machine with {seen}, but has none of its device files.",
                "Start it with the devices: --gpus all (NVIDIA), --device /dev/kfd --device /dev/dri (AMD, Intel), or a device plugin's resource in Kubernetes.");
        }

        HardwareDevice[] working = [.. devices.Where(d => d.Kind == HardwareKind.Gpu && d.Health == DeviceHealth.Ok)];
        if (working.Length == 0)
        {
            yield break;
        }

        IReadOnlyList<string> listed = providers();
        foreach (HardwareDevice device in working.DistinctBy(d => d.Vendor))
        {
            string[] fitting = s_providers.FirstOrDefault(p => p.Vendor == device.Vendor).Providers ?? [];
            if (fitting.Length > 0 && !fitting.Any(f => listed.Contains(f, StringComparer.OrdinalIgnoreCase)))
            {
                yield return Issue(IssueSeverity.Warning, "ProviderMissing", device, $"{device.Name} works, but the loaded ONNX Runtime has no provider for it: the CPU does its work.",
                    $"Install one with Install-TokenFactoryProvider ({fitting[0]}), then start a new session.");
            }

            if (device.Vendor == "NVIDIA" && double.TryParse(device.Accelerator?.CudaVersion, NumberStyles.Float, CultureInfo.InvariantCulture, out double cuda) && cuda < LeastCuda)
            {
                yield return Issue(IssueSeverity.Warning, "CudaDriverTooOld", device,
                    string.Create(CultureInfo.InvariantCulture, $"The driver supports CUDA {cuda:0.0}; ONNX Runtime's CUDA provider needs {LeastCuda:0.0}."),
                    "Update the NVIDIA driver (release 580 or newer).");
            }
        }
    }

    private static string? WithoutDevices(IReadOnlyList<HardwareDevice> devices, FileTree files)
    {
        bool None(string vendor) => !devices.Any(d => d.Kind == HardwareKind.Gpu && d.Vendor == vendor && d.Health == DeviceHealth.Ok);
        if (files.Exists("/proc/driver/nvidia/version") && !files.Exists("/dev/nvidiactl") && None("NVIDIA"))
        {
            return "NVIDIA GPUs";
        }

        if (files.Exists("/sys/module/amdgpu") && files.Exists("/sys/class/kfd") && !files.Exists("/dev/kfd") && None("AMD"))
        {
            return "AMD GPUs";
        }

        return null;
    }
}
