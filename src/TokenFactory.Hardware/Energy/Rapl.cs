using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Energy;

/// <summary>Running average power limit counters of Intel and AMD processors, as Linux shows them under /sys/class/powercap.</summary>
internal static class Rapl
{
    private const string Folder = "/sys/class/powercap";

    // The hardware renews its counters about every millisecond (Intel SDM volume 3, RAPL interfaces).
    private const double UpdateSeconds = 1e-3;

    /// <summary>Counters of the packages and their memory, or of the whole system (psys).</summary>
    public static IReadOnlyList<EnergySource> Sources(FileTree files, bool system, List<string> reasons)
    {
        var sources = new List<EnergySource>();
        bool any = false;
        foreach (string zone in files.Entries(Folder, "intel-rapl:"))
        {
            string name = files.Text($"{Folder}/{zone}/name").Value ?? "";
            bool wanted = system
                ? name == "psys"
                : name.StartsWith("package", StringComparison.Ordinal) || name == "dram";
            if (!wanted)
            {
                continue;
            }

            any = true;
            string path = $"{Folder}/{zone}/energy_uj";
            Reading<double> now = files.Scaled(path, 1e-6);
            if (!now.Ok)
            {
                reasons.Add(now.Reason!.StartsWith("permission", StringComparison.Ordinal)
                    ? "the processor's energy counters (RAPL) are readable by root only: run as root, or let a group read energy_uj"
                    : now.Reason);
                return [];
            }

            Reading<double> range = files.Scaled($"{Folder}/{zone}/max_energy_range_uj", 1e-6);
            sources.Add(new EnergySource($"RAPL {name}", system ? EnergyScope.System : EnergyScope.Package, UpdateSeconds, () => files.Scaled(path, 1e-6))
            {
                Instrument = system ? "RAPL psys" : "RAPL",
                WrapJoules = range is { Ok: true, Value: > 0 } ? range.Value : null,
            });
        }

        if (!any && !system)
        {
            reasons.Add("the system shows no energy counters of the processor (RAPL); virtual machines rarely have them");
        }

        return sources;
    }
}
