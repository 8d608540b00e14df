using System.Globalization;

namespace TokenFactory.Hardware.Probing;

/// <summary>An accelerator on the PCI bus, whether a driver speaks for it or not.</summary>
internal sealed record PciDevice(string Bus, int VendorId, int DeviceId, int Class, string? Driver)
{
    public const int Nvidia = 0x10de;
    public const int Amd = 0x1002;
    public const int Intel = 0x8086;

    public string Folder => "/sys/bus/pci/devices/" + Bus;

    public string VendorName => VendorId switch
    {
        Nvidia => "NVIDIA",
        Amd => "AMD",
        Intel => "Intel",
        0x1da3 => "Habana",
        0x1d0f => "Amazon",
        0x1ae0 => "Google",
        0x1e52 => "Tenstorrent",
        0x1ed2 => "FuriosaAI",
        0x1f3f => "Rebellions",
        0x19e5 => "Huawei",
        0x17cb => "Qualcomm",
        0x1022 => "AMD",
        0x1e60 => "Hailo",
        _ => string.Create(CultureInfo.InvariantCulture, $"vendor {VendorId:x4}"),
    };

    /// <summary>Display controllers of the three GPU makers; server management chips and virtual displays are none.</summary>
    public bool IsGpu => Class >> 8 == 0x03 && VendorId is Nvidia or Amd or Intel;

    /// <summary>Why no vendor's driver speaks for it; null when one does.</summary>
    public string? NoDriverReason => Driver is null ? "no driver is loaded for it"
        : IsReserved ? $"it is held for a virtual machine ({Driver})"
        : null;

    /// <summary>Held back from this system to be passed into a virtual machine.</summary>
    public bool IsReserved => Driver is "vfio-pci" or "pci-stub" or "xen-pciback";

    /// <summary>A GPU of AMD or Intel whose driver may tell its energy.</summary>
    public bool IsMetered => IsGpu && VendorId is Amd or Intel && NoDriverReason is null;

    /// <summary>Intel's processor graphics, always device 2 of the root bus (Intel's processor datasheets, volume 2).</summary>
    public bool IsIntegrated => VendorId == Intel && Bus == "0000:00:02.0";

    /// <summary>Processing accelerators that are no GPU.</summary>
    public bool IsNpu => Class == 0x1200;
}

/// <summary>Lists accelerators from /sys/bus/pci.</summary>
internal static class PciDevices
{
    private static readonly string[] s_nameFiles = ["/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"];

    public static IReadOnlyList<PciDevice> Accelerators(FileTree files) =>
    [
        .. files.Entries("/sys/bus/pci/devices")
            .Select(bus => new PciDevice(
                bus,
                Hex(files, bus, "vendor"),
                Hex(files, bus, "device"),
                Hex(files, bus, "class") >> 8,
                files.LinkName($"/sys/bus/pci/devices/{bus}/driver")))
            .Where(d => d.IsGpu || d.IsNpu)
    ];

    /// <summary>Product name from the list that distributions install; a made-up name with the ids without it.</summary>
    public static string Name(FileTree files, PciDevice device)
    {
        string vendor = device.VendorId.ToString("x4", CultureInfo.InvariantCulture);
        string product = "\t" + device.DeviceId.ToString("x4", CultureInfo.InvariantCulture) + "  ";
        foreach (string file in s_nameFiles)
        {
            if (!File.Exists(files.Full(file)))
            {
                continue;
            }

            try
            {
                bool inside = false;
                foreach (string line in File.ReadLines(files.Full(file)))
                {
                    if (inside && line.StartsWith(product, StringComparison.Ordinal))
                    {
                        return $"{device.VendorName} {line[product.Length..].Trim()}";
                    }

                    if (line.Length > 0 && line[0] is not '\t' and not '#')
                    {
                        if (inside)
                        {
                            break;
                        }

                        inside = line.StartsWith(vendor + "  ", StringComparison.Ordinal);
                    }
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The list is a nicety; the ids name the device well enough.
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{device.VendorName} {(device.IsNpu ? "accelerator" : "GPU")} {device.VendorId:x4}:{device.DeviceId:x4}");
    }

    /// <summary>Link generation and lanes, now and at most.</summary>
    public static (Reading<int> Generation, Reading<int> MaxGeneration, Reading<int> Width, Reading<int> MaxWidth) Link(FileTree files, PciDevice device) =>
        (Generation(files.Text(device.Folder + "/current_link_speed")), Generation(files.Text(device.Folder + "/max_link_speed")),
            Width(files.Integer(device.Folder + "/current_link_width")), Width(files.Integer(device.Folder + "/max_link_width")));

    private static Reading<int> Width(Reading<long> width) =>
        width.Then(w => w is > 0 and <= 32 ? Reading<int>.Of((int)w) : Reading<int>.None("the bus does not tell the link's width"));

    // PCI Express Base Specification: 2.5, 5, 8, 16, 32, 64 GT/s are generations 1 to 6.
    private static Reading<int> Generation(Reading<string> speed) => speed.Then(text => text.Split(' ')[0] switch
    {
        "2.5" => Reading<int>.Of(1),
        "5.0" or "5" => Reading<int>.Of(2),
        "8.0" or "8" => Reading<int>.Of(3),
        "16.0" or "16" => Reading<int>.Of(4),
        "32.0" or "32" => Reading<int>.Of(5),
        "64.0" or "64" => Reading<int>.Of(6),
        _ => Reading<int>.None("the bus does not tell the link's speed"),
    });

    private static int Hex(FileTree files, string bus, string name)
    {
        string text = files.Text($"/sys/bus/pci/devices/{bus}/{name}").Value ?? "";
        return text.StartsWith("0x", StringComparison.Ordinal) && int.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) ? value : 0;
    }
}
