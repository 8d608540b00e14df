using TokenFactory.Hardware.Cpu;
using TokenFactory.Hardware.Host;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Apple;

/// <summary>Processors, memory and GPU of a Mac, from sysctl.</summary>
internal static class AppleHost
{
    private static readonly (string Feature, string Name)[] s_vectors =
    [
        ("hw.optional.arm.AdvSIMD", "NEON"), ("hw.optional.arm.FEAT_FP16", "NEON-FP16"), ("hw.optional.arm.FEAT_DotProd", "DOTPROD"), ("hw.optional.arm.FEAT_I8MM", "I8MM"),
        ("hw.optional.arm.FEAT_BF16", "BF16"), ("hw.optional.arm.FEAT_SME", "SME"), ("hw.optional.avx2_0", "AVX2"), ("hw.optional.avx512f", "AVX512F"),
    ];

    public static HardwareDevice Cpu(Sysctl sysctl, string architecture)
    {
        var log = new FieldLog();
        string[] vectors = [.. s_vectors.Where(v => sysctl.Number(v.Feature) is { Ok: true, Value: 1 }).Select(v => v.Name)];
        int? threads = log.Number(nameof(CpuDetails.Threads), sysctl.Number("hw.logicalcpu").Select(v => (int)v));
        int? cores = log.Number(nameof(CpuDetails.Cores), sysctl.Number("hw.physicalcpu").Select(v => (int)v));
        string name = sysctl.Text("machdep.cpu.brand_string").Value ?? PortableHost.Cpu(architecture).Name;
        log.Missing("macOS shows temperatures to root only (powermetrics)", nameof(HardwareDevice.TemperatureCelsius));
        return new HardwareDevice
        {
            Kind = HardwareKind.Cpu,
            Id = "cpu",
            Name = name,
            Vendor = name.StartsWith("Apple", StringComparison.Ordinal) ? "Apple" : name.Contains("Intel", StringComparison.Ordinal) ? "Intel" : null,
            Timestamp = DateTimeOffset.Now,
            Cpu = new CpuDetails
            {
                Architecture = architecture,
                Sockets = log.Number(nameof(CpuDetails.Sockets), sysctl.Number("hw.packages").Select(v => (int)v)),
                Cores = cores,
                Threads = threads,
                UsableThreads = threads is { } t ? Math.Min(t, Environment.ProcessorCount) : Environment.ProcessorCount,
                UsableCores = cores,
                VectorSets = vectors.Length > 0 ? vectors : VectorSets.FromRuntime(),
                Caches = Caches(sysctl),
                FrequencyHertz = log.Number(nameof(CpuDetails.FrequencyHertz), sysctl.Number("hw.cpufrequency").Select(v => (double)v)),
                MaxFrequencyHertz = log.Number(nameof(CpuDetails.MaxFrequencyHertz), sysctl.Number("hw.cpufrequency_max").Select(v => (double)v)),
                NumaNodes = [],
            },
            Unavailable = log.Reasons,
        };
    }

    public static HardwareDevice Memory(Sysctl sysctl)
    {
        var log = new FieldLog();
        Reading<long> total = sysctl.Number("hw.memsize");
        Reading<long> free = sysctl.Number("vm.page_free_count").Then(p => sysctl.Number("hw.pagesize").Select(s => p * s));
        log.Missing("macOS does not tell without system_profiler", nameof(MemoryDetails.Type), nameof(MemoryDetails.TransfersPerSecond), nameof(MemoryDetails.Modules));
        return new HardwareDevice
        {
            Kind = HardwareKind.Memory,
            Id = "memory",
            Name = sysctl.Number("hw.optional.arm64") is { Ok: true, Value: 1 } ? "Unified memory" : "Main memory",
            MemoryBytes = log.Number(nameof(HardwareDevice.MemoryBytes), total),
            MemoryUsedBytes = log.Number(nameof(HardwareDevice.MemoryUsedBytes), total.Then(t => free.Select(f => t - f))),
            Timestamp = DateTimeOffset.Now,
            Memory = new MemoryDetails
            {
                TotalBytes = total.Ok ? total.Value : null,
                AvailableBytes = log.Number(nameof(MemoryDetails.AvailableBytes), free),
                LockedLimitBytes = log.Number(nameof(MemoryDetails.LockedLimitBytes), sysctl.Number("vm.user_wire_limit")),
                SwapBytes = null,
            },
            Unavailable = log.Reasons,
        };
    }

    /// <summary>The GPU of Apple silicon, which shares main memory; none on other Macs.</summary>
    public static IEnumerable<HardwareDevice> Gpus(Sysctl sysctl)
    {
        if (sysctl.Number("hw.optional.arm64") is not { Ok: true, Value: 1 })
        {
            yield break;
        }

        var log = new FieldLog();
        Reading<long> limit = sysctl.Number("iogpu.wired_limit_mb").Then(mb => mb > 0
            ? Reading<long>.Of(mb << 20)
            : Reading<long>.None("macOS decides how much of the unified memory the GPU may lock (iogpu.wired_limit_mb is 0)"));
        log.Missing("macOS shows it to root only (powermetrics)", nameof(HardwareDevice.TemperatureCelsius), nameof(HardwareDevice.Utilization), nameof(HardwareDevice.PowerWatts),
            nameof(HardwareDevice.Throttle));
        log.Missing("see the energy meter, which reads IOReport", nameof(HardwareDevice.EnergyJoules));
        string chip = sysctl.Text("machdep.cpu.brand_string").Value ?? "Apple";
        yield return new HardwareDevice
        {
            Kind = HardwareKind.Gpu,
            Name = $"{chip} GPU",
            Id = "apple-gpu",
            Vendor = "Apple",
            MemoryBytes = log.Number(nameof(HardwareDevice.MemoryBytes), limit),
            Timestamp = DateTimeOffset.Now,
            Accelerator = new AcceleratorDetails { Interface = "sysctl" },
            Unavailable = log.Reasons,
        };
        yield return new HardwareDevice
        {
            Kind = HardwareKind.Npu,
            Name = $"{chip} Neural Engine",
            Id = "apple-ane",
            Vendor = "Apple",
            Timestamp = DateTimeOffset.Now,
            Accelerator = new AcceleratorDetails { Interface = "sysctl" },
            Unavailable = new Dictionary<string, string> { [nameof(HardwareDevice.Utilization)] = "macOS shows it to root only (powermetrics)" },
        };
    }

    // Performance cores' caches where the processor has two kinds of core.
    private static List<CpuCache> Caches(Sysctl sysctl)
    {
        (int Level, string Type, string[] Names, string Sharing)[] caches =
        [
            (1, "Data", ["hw.perflevel0.l1dcachesize", "hw.l1dcachesize"], ""), (1, "Instruction", ["hw.perflevel0.l1icachesize", "hw.l1icachesize"], ""),
            (2, "Unified", ["hw.perflevel0.l2cachesize", "hw.l2cachesize"], "hw.perflevel0.cpusperl2"), (3, "Unified", ["hw.l3cachesize"], "hw.logicalcpu"),
        ];
        var found = new List<CpuCache>();
        long cores = sysctl.Number("hw.perflevel0.physicalcpu").Or(() => sysctl.Number("hw.physicalcpu")) is { Ok: true, Value: > 0 } count ? count.Value : 1;
        foreach ((int level, string type, string[] names, string sharing) in caches)
        {
            Reading<long> size = names.Select(sysctl.Number).FirstOrDefault(r => r is { Ok: true, Value: > 0 }, Reading<long>.None(""));
            if (size.Ok)
            {
                long shared = sharing.Length > 0 && sysctl.Number(sharing) is { Ok: true, Value: > 0 } s ? s.Value : 1;
                found.Add(new CpuCache(level, type, size.Value, (int)Math.Max(1, cores / shared)));
            }
        }

        return found;
    }
}
