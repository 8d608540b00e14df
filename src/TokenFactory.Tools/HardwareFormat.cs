using System.Globalization;
using TokenFactory.Hardware;
using TokenFactory.Hardware.Roofline;

namespace TokenFactory.Tools;

/// <summary>Short texts of hardware for format views.</summary>
public static class HardwareFormat
{
    // The columns of the view at 80 characters.
    private const int NameWidth = 26;
    private const int StateWidth = 28;

    private static readonly string[] s_noise = ["(R)", "(TM)", " CPU", " Processor"];

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

        // A sample of -Watch is about what changes, and has no room for what does not.
        if (device.Utilization is null && device.Cpu?.VectorSets.LastOrDefault(s => s is "AVX2" or "AVX512F" or "NEON" or "SVE" or "AMX-INT8") is { } widest)
        {
            words.Add(widest);
        }

        if (device.TemperatureCelsius is { } celsius)
        {
            words.Add(Text($"{celsius:0} °C"));
        }

        string state = words.Count > 0 ? FormatHelpers.Wrap(string.Join(", ", words), StateWidth) : "-";
        return device.Throttle is { Count: > 0 } throttle ? $"{state}\n{string.Join('\n', throttle)}" : state;
    }

    /// <summary>The product's name without trademark signs, clock and the word processor, which each maker puts elsewhere.</summary>
    /// <param name="device">The device.</param>
    public static string Name(HardwareDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        string name = device.Name;
        int clock = name.IndexOf(" @ ", StringComparison.Ordinal);
        name = clock > 0 ? name[..clock] : name;
        foreach (string noise in s_noise)
        {
            name = name.Replace(noise, "", StringComparison.OrdinalIgnoreCase);
        }

        return FormatHelpers.Wrap(name, NameWidth);
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
