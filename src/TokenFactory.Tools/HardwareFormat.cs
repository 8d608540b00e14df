using System.Globalization;
using TokenFactory.Hardware;
using TokenFactory.Hardware.Roofline;

namespace TokenFactory.Tools;

/// <summary>Short texts of hardware for format views.</summary>
public static class HardwareFormat
{
    /// <summary>What an operator wants to see of a device in a few words: what is usable, how busy it is, what is wrong.</summary>
    /// <param name="device">The device.</param>
    public static string State(HardwareDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        List<string> words = [];
        if (device.Health != DeviceHealth.Ok)
        {
            words.Add(device.Health.ToString());
        }

        if (device.Cpu is { } cpu)
        {
            words.Add(cpu.UsableThreads < cpu.Threads ? Text($"{cpu.UsableThreads:0.##} of {cpu.Threads} threads") : Text($"{cpu.UsableThreads:0.##} threads"));
        }

        if (device.System is { } system)
        {
            words.Add(system.Hypervisor is { } hypervisor ? $"virtual ({hypervisor})" : device.Unavailable.ContainsKey(nameof(system.Hypervisor)) ? "hypervisor unknown" : "bare metal");
            if (system.Container is { } container)
            {
                words.Add(container);
            }
        }

        if (device.Memory is { } memory)
        {
            words.Add($"{FormatHelpers.Bytes(memory.AvailableBytes)} free{(memory.LimitBytes is null ? "" : ", limited")}");
        }

        if (device.Utilization is { } utilization)
        {
            words.Add(Text($"{utilization * 100:0} % busy"));
        }

        // The view cuts long states, so what changes stands before what does not.
        if (device.Cpu?.VectorSets.LastOrDefault(s => s is "AVX2" or "AVX512F" or "NEON" or "SVE" or "AMX-INT8") is { } widest)
        {
            words.Add(widest);
        }

        if (device.TemperatureCelsius is { } celsius)
        {
            words.Add(Text($"{celsius:0} °C"));
        }

        if (device.Throttle is { Count: > 0 } throttle)
        {
            words.Add(string.Join('+', throttle));
        }

        return words.Count > 0 ? string.Join(", ", words) : "-";
    }

    /// <summary>Speed of one precision's products; a dash where it could not be measured.</summary>
    /// <param name="measurement">The measurement.</param>
    /// <param name="precision">The precision.</param>
    public static string Operations(HardwareMeasurement measurement, string precision)
    {
        ArgumentNullException.ThrowIfNull(measurement);
        return FormatHelpers.Si(measurement.Compute.FirstOrDefault(c => c.Precision == precision)?.OperationsPerSecond, "OP/s");
    }

    /// <summary>Operations a byte at which compute becomes the limit.</summary>
    /// <param name="measurement">The measurement.</param>
    /// <param name="precision">The precision.</param>
    public static string Ridge(HardwareMeasurement measurement, string precision)
    {
        ArgumentNullException.ThrowIfNull(measurement);
        return FormatHelpers.Si(measurement.Compute.FirstOrDefault(c => c.Precision == precision)?.RidgeOperationsPerByte, "op/B");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
