using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Host;

/// <summary>Names the hypervisor and the container that this process runs in.</summary>
internal static class VirtualMachine
{
    private static readonly (string Signature, string Name)[] s_signatures =
    [
        ("KVMKVMKVM", "KVM"), ("Microsoft Hv", "Hyper-V"), ("VMwareVMware", "VMware"), ("XenVMMXenVMM", "Xen"), ("bhyve bhyve", "bhyve"),
        ("prl hyperv", "Parallels"), (" lrpepyh vr", "Parallels"), ("TCGTCGTCGTCG", "QEMU (emulated)"), ("VBoxVBoxVBox", "VirtualBox"),
        ("ACRNACRNACRN", "ACRN"), ("QNXQVMBSQG", "QNX"), ("Jailhouse", "Jailhouse"), ("VirtualApple", "Rosetta"), ("Apple VZ", "Apple Virtualization"),
    ];

    private static readonly (string Text, string Name)[] s_products =
    [
        ("amazon ec2", "Amazon EC2"), ("google compute engine", "Google Compute Engine"), ("virtual machine", "Hyper-V"), ("vmware", "VMware"),
        ("virtualbox", "VirtualBox"), ("kvm", "KVM"), ("qemu", "QEMU"), ("xen", "Xen"), ("openstack", "OpenStack"), ("parallels", "Parallels"),
        ("alibaba cloud", "Alibaba Cloud"), ("digitalocean", "DigitalOcean"), ("apple virtualization", "Apple Virtualization"),
    ];

    private static readonly string[] s_productFiles = ["sys_vendor", "product_name"];

    /// <summary>The hypervisor; null on bare metal. No value at all when nothing tells.</summary>
    public static Reading<string?> Hypervisor(FileTree files, CpuIdentification? cpuId, bool linux)
    {
        string? product = linux ? Product(files) : null;
        string? platform = product is null ? null : s_products.FirstOrDefault(p => product.Contains(p.Text, StringComparison.OrdinalIgnoreCase)).Name;
        if (cpuId is not null)
        {
            string signature = CpuIdReader.HypervisorSignature(cpuId).TrimEnd('\0');
            string? name = signature.Length == 0
                ? null
                : s_signatures.FirstOrDefault(s => signature.StartsWith(s.Signature, StringComparison.Ordinal)).Name ?? $"unknown ({Printable(signature)})";
            return Reading<string?>.Of(name is not null && platform is not null && platform != name ? $"{name} ({platform})" : name);
        }

        if (!linux)
        {
            return Reading<string?>.None("this system names its hypervisor only through CPUID, which this processor lacks");
        }

        if (files.Text("/sys/hypervisor/type") is { Ok: true, Value.Length: > 0 } xen)
        {
            return Reading<string?>.Of(xen.Value == "xen" ? "Xen" : xen.Value);
        }

        if (files.Text("/sys/firmware/devicetree/base/hypervisor/compatible") is { Ok: true, Value: { } tree })
        {
            return Reading<string?>.Of(tree.Contains("xen", StringComparison.Ordinal) ? "Xen" : tree.Contains("kvm", StringComparison.Ordinal) ? "KVM" : tree);
        }

        return platform is not null ? Reading<string?>.Of(platform)
            : product is not null ? Reading<string?>.Of(null)
            : Reading<string?>.None("neither firmware tables nor a device tree name the machine");
    }

    /// <summary>Maker and product from the firmware's tables; null when it has none.</summary>
    public static string? Product(FileTree files)
    {
        string text = string.Join(' ', s_productFiles
            .Select(n => files.Text("/sys/class/dmi/id/" + n).Value)
            .Where(v => !string.IsNullOrWhiteSpace(v)));
        return text.Length > 0 ? text : files.Text("/sys/firmware/devicetree/base/model") is { Ok: true, Value.Length: > 0 } model ? model.Value : null;
    }

    /// <summary>The container runtime; null when nothing speaks of one.</summary>
    public static string? Container(FileTree files, Func<string, string?> environment)
    {
        if (environment("KUBERNETES_SERVICE_HOST") is { Length: > 0 })
        {
            return "Kubernetes";
        }

        // A virtual machine booted from a container's image keeps the image's marks. One that sees the kernel's own threads is no container.
        bool seesKernel = files.Text("/proc/2/comm").Value == "kthreadd";
        if (!seesKernel && files.Exists("/run/.containerenv"))
        {
            return "Podman";
        }

        if (!seesKernel && files.Exists("/.dockerenv"))
        {
            return "Docker";
        }

        if (environment("container") is { Length: > 0 } named)
        {
            return named;
        }

        string groups = files.Text("/proc/self/cgroup").Value ?? "";
        return groups.Contains("kubepods", StringComparison.Ordinal) ? "Kubernetes"
            : groups.Contains("docker", StringComparison.Ordinal) ? "Docker"
            : groups.Contains("libpod", StringComparison.Ordinal) ? "Podman"
            : groups.Contains("containerd", StringComparison.Ordinal) ? "containerd"
            : groups.Contains("/lxc", StringComparison.Ordinal) ? "LXC"
            : null;
    }

    private static string Printable(string text) => new([.. text.Select(c => c is >= ' ' and < '\x7f' ? c : '?')]);
}
