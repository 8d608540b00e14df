using System.Globalization;

namespace TokenFactory.Hardware.Probing;

/// <summary>Processes with an open graphics device, as the kernel tells in /proc/*/fdinfo (drm-usage-stats). Other users' are told to root only.</summary>
internal static class DrmProcesses
{
    private static readonly string[] s_memoryKeys = ["drm-memory-vram:", "drm-resident-vram0:", "drm-total-vram0:", "drm-total-local0:"];

    public static Reading<IReadOnlyList<AcceleratorProcess>> Of(FileTree files, PciDevice device)
    {
        var processes = new List<AcceleratorProcess>();
        bool any = false;
        foreach (string entry in files.Entries("/proc"))
        {
            if (!int.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
            {
                continue;
            }

            // Several descriptors of one client tell the same memory.
            var clients = new Dictionary<string, long?>(StringComparer.Ordinal);
            foreach (string descriptor in files.Entries($"/proc/{entry}/fdinfo"))
            {
                any = true;
                string text = files.Text($"/proc/{entry}/fdinfo/{descriptor}").Value ?? "";
                if (Value(text, "drm-pdev:") == device.Bus)
                {
                    clients[Value(text, "drm-client-id:") ?? descriptor] = s_memoryKeys.Select(k => Bytes(Value(text, k))).FirstOrDefault(b => b is not null);
                }
            }

            if (clients.Count > 0)
            {
                processes.Add(new AcceleratorProcess(id, clients.Values.All(v => v is null) ? null : clients.Values.Sum()));
            }
        }

        return any
            ? Reading<IReadOnlyList<AcceleratorProcess>>.Of(processes)
            : Reading<IReadOnlyList<AcceleratorProcess>>.None("needs root: the kernel tells a device's processes only to their owner (/proc/*/fdinfo)");
    }

    private static string? Value(string text, string key)
    {
        foreach (string line in text.Split('\n'))
        {
            if (line.StartsWith(key, StringComparison.Ordinal))
            {
                return line[key.Length..].Trim();
            }
        }

        return null;
    }

    private static long? Bytes(string? text)
    {
        string[] parts = text?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (parts.Length == 0 || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long value))
        {
            return null;
        }

        return parts.ElementAtOrDefault(1) switch
        {
            "KiB" => value << 10,
            "MiB" => value << 20,
            null => value,
            _ => null,
        };
    }
}
