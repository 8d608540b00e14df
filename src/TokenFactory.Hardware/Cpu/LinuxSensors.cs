using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Cpu;

/// <summary>Temperature sensors of the processor.</summary>
internal static class LinuxSensors
{
    private static readonly string[] s_cpuChips = ["coretemp", "k10temp", "zenpower", "cpu_thermal", "fam15h_power"];

    public static Reading<double> CpuTemperature(FileTree files)
    {
        double? hottest = null;
        foreach (string chip in files.Entries("/sys/class/hwmon", "hwmon"))
        {
            string folder = "/sys/class/hwmon/" + chip;
            if (s_cpuChips.Contains(files.Text(folder + "/name").Value, StringComparer.Ordinal))
            {
                foreach (string input in files.Entries(folder, "temp").Where(n => n.EndsWith("_input", StringComparison.Ordinal)))
                {
                    hottest = Hotter(hottest, files.Scaled($"{folder}/{input}", 1e-3));
                }
            }
        }

        if (hottest is null)
        {
            foreach (string zone in files.Entries("/sys/class/thermal", "thermal_zone"))
            {
                string type = files.Text($"/sys/class/thermal/{zone}/type").Value ?? "";
                if (type.StartsWith("x86_pkg_temp", StringComparison.Ordinal) || type.StartsWith("cpu", StringComparison.OrdinalIgnoreCase))
                {
                    hottest = Hotter(hottest, files.Scaled($"/sys/class/thermal/{zone}/temp", 1e-3));
                }
            }
        }

        return hottest is { } celsius ? Reading<double>.Of(celsius) : Reading<double>.None("no sensor of the processor is visible to this system");
    }

    private static double? Hotter(double? hottest, Reading<double> reading) =>
        reading is { Ok: true, Value: > -100 and < 200 } && (hottest is null || reading.Value > hottest) ? reading.Value : hottest;
}
