using System.Globalization;
using TokenFactory.Hardware.Cpu;

namespace TokenFactory.Hardware.Probing;

/// <summary>How busy the processors that this process may use were between two samples, from /proc/stat; time stolen by a hypervisor counts as busy.</summary>
internal sealed class ProcessorLoad(FileTree files)
{
    private const int IdleField = 3;
    private const int WaitField = 4;
    private const int TimeFields = 8;

    private (double Busy, double Total)? _last;

    public HardwareDevice Complete(HardwareDevice device)
    {
        if (device is not { Kind: HardwareKind.Cpu, Utilization: null })
        {
            return device;
        }

        Reading<(double Busy, double Total)> now = Read();
        (double Busy, double Total)? last = _last;
        _last = now.Ok ? now.Value : null;
        if (now.Ok && last is { } before && now.Value.Total > before.Total)
        {
            return device with { Utilization = Math.Clamp((now.Value.Busy - before.Busy) / (now.Value.Total - before.Total), 0, 1) };
        }

        var reasons = new SortedDictionary<string, string>(device.Unavailable.ToDictionary(p => p.Key, p => p.Value), StringComparer.Ordinal)
        {
            [nameof(HardwareDevice.Utilization)] = now.Reason ?? "-Watch tells it from the second sample on",
        };
        return device with { Unavailable = reasons };
    }

    private Reading<(double Busy, double Total)> Read()
    {
        Reading<IReadOnlyList<int>> allowed = LinuxCpu.Allowed(files);
        return files.Text("/proc/stat").Then(text =>
        {
            (double busy, double total) = (0, 0);
            foreach (string line in text.Split('\n').Where(l => l.Length > 3 && l.StartsWith("cpu", StringComparison.Ordinal) && char.IsAsciiDigit(l[3])))
            {
                string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (!int.TryParse(fields[0].AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                    || (allowed.Ok && !allowed.Value!.Contains(index)))
                {
                    continue;
                }

                for (int i = 0; i < Math.Min(TimeFields, fields.Length - 1); i++)
                {
                    double ticks = double.TryParse(fields[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out double value) ? value : 0;
                    total += ticks;
                    busy += i is IdleField or WaitField ? 0 : ticks;
                }
            }

            return total > 0
                ? Reading<(double, double)>.Of((busy, total))
                : Reading<(double, double)>.None("/proc/stat tells no times");
        });
    }
}
