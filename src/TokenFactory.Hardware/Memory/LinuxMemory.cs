using System.Globalization;
using TokenFactory.Hardware.Host;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Memory;

/// <summary>Main memory as Linux tells of it.</summary>
internal static class LinuxMemory
{
    public static HardwareDevice Read(FileTree files, CgroupLimits limits)
    {
        var log = new FieldLog();
        Reading<string> info = files.Text("/proc/meminfo");
        Reading<long> Field(string name) => info.Then(text => MemInfo.Field(text, name) is { } bytes
            ? Reading<long>.Of(bytes)
            : Reading<long>.None($"/proc/meminfo has no {name}"));

        long? total = log.Number(nameof(MemoryDetails.TotalBytes), Field("MemTotal"));
        long? available = log.Number(nameof(MemoryDetails.AvailableBytes), Field("MemAvailable"));
        bool limited = limits.MemoryLimitBytes is { } limit && (total is null || limit < total);
        long? usable = limited ? limits.MemoryLimitBytes : total;
        long? used = total - available;
        if (limited && limits.MemoryUsedBytes is { } inside)
        {
            used = inside;
            long room = Math.Max(0, limits.MemoryLimitBytes!.Value - inside);
            available = available is null ? room : Math.Min(available.Value, room);
        }

        if (usable is null)
        {
            log.Missing(info.Reason ?? "/proc/meminfo has no MemTotal", nameof(HardwareDevice.MemoryBytes));
        }

        Reading<SmbiosMemory> firmware = SmbiosMemory.Read(files);
        return new HardwareDevice
        {
            Kind = HardwareKind.Memory,
            Id = "memory",
            Name = firmware is { Ok: true, Value.Type: { } type } ? type + " memory" : "Main memory",
            MemoryBytes = usable,
            MemoryUsedBytes = used,
            Timestamp = DateTimeOffset.Now,
            Memory = new MemoryDetails
            {
                TotalBytes = total,
                AvailableBytes = available,
                LimitBytes = limited ? limits.MemoryLimitBytes : null,
                LimitedBy = limited ? "control group's limit" : null,
                SwapBytes = log.Number(nameof(MemoryDetails.SwapBytes), Field("SwapTotal")),
                HugePageBytes = HugePages(info.Value),
                LockedLimitBytes = log.Number(nameof(MemoryDetails.LockedLimitBytes), LockedLimit(files)),
                Type = log.Object(nameof(MemoryDetails.Type), firmware.Then(f => f.Type is { } t ? Reading<string>.Of(t) : Reading<string>.None("the firmware's tables do not tell"))),
                TransfersPerSecond = log.Number(nameof(MemoryDetails.TransfersPerSecond),
                    firmware.Then(f => f.TransfersPerSecond is { } s ? Reading<double>.Of(s) : Reading<double>.None("the firmware's tables do not tell"))),
                Modules = log.Number(nameof(MemoryDetails.Modules), firmware.Select(f => f.Modules)),
            },
            Unavailable = log.Reasons,
        };
    }

    /// <summary>The soft limit of locked memory.</summary>
    internal static Reading<long> LockedLimit(FileTree files) => files.Text("/proc/self/limits").Then(text =>
    {
        const string Name = "Max locked memory";
        string? line = text.Split('\n').FirstOrDefault(l => l.StartsWith(Name, StringComparison.Ordinal));
        string soft = line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? "";
        return soft == "unlimited" ? Reading<long>.Of(long.MaxValue)
            : long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) ? Reading<long>.Of(bytes)
            : Reading<long>.None("/proc/self/limits has no 'Max locked memory'");
    });

    private static long? HugePages(string? info) =>
        info is not null && MemInfo.Field(info, "HugePages_Total") is { } pages && MemInfo.Field(info, "Hugepagesize") is { } size ? pages * size : null;
}
