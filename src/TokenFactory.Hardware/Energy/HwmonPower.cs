using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Energy;

/// <summary>Power sensors of modules and machines that Linux shows under /sys/class/hwmon, and a laptop's battery.</summary>
internal static class HwmonPower
{
    private const string Folder = "/sys/class/hwmon";
    private const double DefaultUpdateSeconds = 1;

    /// <summary>
    /// ACPI power meters of a scope. NVIDIA's Grace names them by oem_info (<c>Module Power Socket 0</c>, <c>Grace Power Socket 0</c>);
    /// a meter without a name is the machine's.
    /// </summary>
    public static IReadOnlyList<EnergySource> Sources(FileTree files, EnergyScope scope, List<string> reasons)
    {
        var sources = new List<EnergySource>();
        foreach (string chip in files.Entries(Folder, "hwmon"))
        {
            string folder = $"{Folder}/{chip}";
            if (files.Text(folder + "/name").Value != "power_meter")
            {
                continue;
            }

            folder = files.Exists(folder + "/power1_average") ? folder : folder + "/device";
            string label = files.Text(folder + "/power1_oem_info").Value ?? "";
            if (Scope(label) != scope)
            {
                continue;
            }

            string path = folder + "/power1_average";
            Reading<double> now = files.Scaled(path, 1e-6);
            if (!now.Ok)
            {
                reasons.Add(now.Reason!);
                continue;
            }

            Reading<double> interval = files.Scaled(folder + "/power1_average_interval", 1e-3);
            string name = label.Length > 0 ? label : "ACPI power meter";
            sources.Add(new EnergySource(name, scope, interval is { Ok: true, Value: > 0 } ? interval.Value : DefaultUpdateSeconds, () => files.Scaled(path, 1e-6))
            {
                Instrument = "ACPI power meter, integrated",
                IsPower = true,
            });
        }

        return sources;
    }

    /// <summary>A battery that is being drained tells what the machine draws.</summary>
    public static IReadOnlyList<EnergySource> Battery(FileTree files)
    {
        foreach (string supply in files.Entries("/sys/class/power_supply"))
        {
            string folder = "/sys/class/power_supply/" + supply;
            if (files.Text(folder + "/type").Value == "Battery" && files.Text(folder + "/status").Value == "Discharging" && Watts(files, folder).Ok)
            {
                return
                [
                    new EnergySource($"battery {supply}", EnergyScope.System, DefaultUpdateSeconds, () =>
                        files.Text(folder + "/status").Value == "Discharging"
                            ? Watts(files, folder)
                            : Reading<double>.None("the battery is no longer drained: the charger feeds the machine"))
                    {
                        Instrument = "battery, integrated",
                        IsPower = true,
                    }
                ];
            }
        }

        return [];
    }

    private static Reading<double> Watts(FileTree files, string folder) => files.Scaled(folder + "/power_now", 1e-6).Or(() =>
        files.Scaled(folder + "/current_now", 1e-6).Then(a => files.Scaled(folder + "/voltage_now", 1e-6).Select(v => a * v)));

    private static EnergyScope? Scope(string label) =>
        label.StartsWith("Module", StringComparison.OrdinalIgnoreCase) ? EnergyScope.Module
        : label.StartsWith("Grace", StringComparison.OrdinalIgnoreCase) ? EnergyScope.Package
        : label.StartsWith("CPU", StringComparison.OrdinalIgnoreCase) || label.StartsWith("SysIO", StringComparison.OrdinalIgnoreCase) ? null
        : EnergyScope.System;
}
