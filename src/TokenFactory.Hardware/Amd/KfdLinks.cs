using System.Globalization;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Amd;

/// <summary>xGMI links of AMD GPUs in the kernel's compute topology (/sys/class/kfd).</summary>
internal static class KfdLinks
{
    private const string Nodes = "/sys/class/kfd/kfd/topology/nodes";

    // KFD's type of a link between accelerators (kfd_crat.h, CRAT_IOLINK_TYPE_XGMI).
    private const long Xgmi = 11;

    public static Reading<IReadOnlyList<AcceleratorLink>> Of(FileTree files, PciDevice device)
    {
        foreach (string node in files.Entries(Nodes))
        {
            Dictionary<string, long> properties = Properties(files, $"{Nodes}/{node}/properties");
            long location = properties.GetValueOrDefault("location_id", -1);
            string bus = string.Create(CultureInfo.InvariantCulture,
                $"{properties.GetValueOrDefault("domain"):x4}:{(location >> 8) & 0xff:x2}:{(location >> 3) & 0x1f:x2}.{location & 7}");
            if (location <= 0 || bus != device.Bus)
            {
                continue;
            }

            var links = new List<AcceleratorLink>();
            foreach (string link in files.Entries($"{Nodes}/{node}/io_links"))
            {
                Dictionary<string, long> ends = Properties(files, $"{Nodes}/{node}/io_links/{link}/properties");
                if (ends.GetValueOrDefault("type") == Xgmi)
                {
                    double bandwidth = ends.GetValueOrDefault("max_bandwidth") * 1e6;
                    links.Add(new AcceleratorLink(links.Count, true, null, bandwidth > 0 ? bandwidth : null));
                }
            }

            return Reading<IReadOnlyList<AcceleratorLink>>.Of(links);
        }

        return Reading<IReadOnlyList<AcceleratorLink>>.None("the kernel's compute topology does not list the device");
    }

    private static Dictionary<string, long> Properties(FileTree files, string path)
    {
        var properties = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (string line in (files.Text(path).Value ?? "").Split('\n'))
        {
            string[] parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length == 2 && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long value))
            {
                properties[parts[0]] = value;
            }
        }

        return properties;
    }
}
