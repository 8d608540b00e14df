using System.Globalization;
using System.Runtime.Versioning;
using Microsoft.Win32;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Windows;

/// <summary>GPUs and NPUs as Windows' device classes list them in the registry, for those without a vendor's library.</summary>
internal static class WindowsAdapters
{
    private const string ClassesKey = @"SYSTEM\CurrentControlSet\Control\Class\";
    private const string DisplayClass = "{4d36e968-e325-11ce-bfc1-08002be10318}";
    private const string AcceleratorClass = "{f01a9d53-3ff6-48d2-9f97-c8a7004be10c}";

    [SupportedOSPlatform("windows")]
    public static IEnumerable<HardwareDevice> Read() =>
        Values(DisplayClass).Select(v => Parse(v, HardwareKind.Gpu)).Concat(Values(AcceleratorClass).Select(v => Parse(v, HardwareKind.Npu))).OfType<HardwareDevice>();

    /// <summary>A device from the values of its key; null for adapters that are no hardware.</summary>
    internal static HardwareDevice? Parse(IReadOnlyDictionary<string, object?> values, HardwareKind kind)
    {
        string name = values.GetValueOrDefault("DriverDesc") as string ?? "";
        string id = values.GetValueOrDefault("MatchingDeviceId") as string ?? "";
        string? vendor = Vendor(id);
        if (name.Length == 0 || (kind == HardwareKind.Gpu && vendor is null))
        {
            return null;
        }

        var log = new FieldLog();
        long? memory = values.GetValueOrDefault("HardwareInformation.qwMemorySize") switch
        {
            long bytes and > 0 => bytes,
            byte[] { Length: 8 } bytes when BitConverter.ToInt64(bytes) > 0 => BitConverter.ToInt64(bytes),
            _ => null,
        };
        if (memory is null)
        {
            log.Missing("the driver left no memory size in the registry", nameof(HardwareDevice.MemoryBytes));
        }

        log.Missing("Windows tells it through the vendor's library only", nameof(HardwareDevice.PowerWatts), nameof(HardwareDevice.PowerLimitWatts), nameof(HardwareDevice.EnergyJoules),
            nameof(HardwareDevice.TemperatureCelsius), nameof(HardwareDevice.Throttle), nameof(HardwareDevice.Utilization));
        return new HardwareDevice
        {
            Kind = kind,
            Name = name,
            Id = id.Length > 0 ? id : name,
            Vendor = vendor,
            MemoryBytes = memory,
            Timestamp = DateTimeOffset.Now,
            Accelerator = new AcceleratorDetails { Interface = "registry", DriverVersion = log.Object(nameof(AcceleratorDetails.DriverVersion),
                values.GetValueOrDefault("DriverVersion") is string version ? Reading<string>.Of(version) : Reading<string>.None("the driver left no version in the registry")) },
            Unavailable = log.Reasons,
        };
    }

    private static string? Vendor(string id)
    {
        int at = id.IndexOf("VEN_", StringComparison.OrdinalIgnoreCase);
        return at < 0 || id.Length < at + 8 ? null : id.Substring(at + 4, 4).ToLowerInvariant() switch
        {
            "10de" => "NVIDIA",
            "1002" or "1022" => "AMD",
            "8086" => "Intel",
            "4d4f" or "17cb" or "qcom" => "Qualcomm",
            _ => null,
        };
    }

    [SupportedOSPlatform("windows")]
    private static List<IReadOnlyDictionary<string, object?>> Values(string deviceClass)
    {
        var found = new List<IReadOnlyDictionary<string, object?>>();
        using RegistryKey? root = Registry.LocalMachine.OpenSubKey(ClassesKey + deviceClass);
        foreach (string name in root?.GetSubKeyNames() ?? [])
        {
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            {
                continue;
            }

            try
            {
                using RegistryKey? key = root!.OpenSubKey(name);
                if (key is not null)
                {
                    found.Add(key.GetValueNames().ToDictionary(v => v, v => key.GetValue(v), StringComparer.OrdinalIgnoreCase));
                }
            }
            catch (Exception e) when (e is System.Security.SecurityException or UnauthorizedAccessException or IOException)
            {
                // One adapter's key that is closed to this user hides no other.
            }
        }

        return found;
    }
}
