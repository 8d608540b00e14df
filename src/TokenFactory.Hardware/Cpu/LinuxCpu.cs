using System.Globalization;
using TokenFactory.Hardware.Host;
using TokenFactory.Hardware.Memory;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Cpu;

/// <summary>Processors as Linux tells of them in /proc/cpuinfo and /sys/devices/system.</summary>
internal static class LinuxCpu
{
    private const string CpuFolder = "/sys/devices/system/cpu";

    public static HardwareDevice Read(FileTree files, CgroupLimits limits, string architecture)
    {
        var log = new FieldLog();
        Reading<string> info = files.Text("/proc/cpuinfo");
        List<Dictionary<string, string>> processors = Processors(info.Value ?? "");
        Dictionary<string, string> first = processors.Count > 0 ? processors[0] : [];
        Reading<IReadOnlyList<int>> online = files.Text(CpuFolder + "/online").Then(FileTree.ParseList);
        IReadOnlyList<int> threads = online is { Ok: true, Value.Count: > 0 } ? online.Value : [.. Enumerable.Range(0, processors.Count)];
        Reading<IReadOnlyList<int>> allowed = Allowed(files);

        var cores = new HashSet<(long, long)>();
        var usableCores = new HashSet<(long, long)>();
        var sockets = new HashSet<long>();
        HashSet<int> allowedSet = allowed.Ok ? [.. allowed.Value!] : [.. threads];
        string? topologyReason = threads.Count == 0 ? info.Reason ?? "/proc/cpuinfo names no processor" : null;
        foreach (int thread in threads)
        {
            Reading<long> socket = files.Integer($"{CpuFolder}/cpu{thread}/topology/physical_package_id");
            Reading<long> core = files.Integer($"{CpuFolder}/cpu{thread}/topology/core_id");
            Dictionary<string, string> entry = thread < processors.Count ? processors[thread] : [];
            long? s = socket.Ok ? socket.Value : Number(entry, "physical id");
            long? c = core.Ok ? core.Value : Number(entry, "core id");
            if (s is null || c is null)
            {
                topologyReason = socket.Reason ?? core.Reason;
                break;
            }

            sockets.Add(s.Value);
            cores.Add((s.Value, c.Value));
            if (allowedSet.Contains(thread))
            {
                usableCores.Add((s.Value, c.Value));
            }
        }

        int affinity = threads.Count(allowedSet.Contains);
        double usable = affinity > 0 ? affinity : Math.Max(1, Environment.ProcessorCount);
        string? limitedBy = affinity > 0 && affinity < threads.Count ? $"affinity to {affinity} of {threads.Count} threads" : null;
        if (limits.CpuQuota is { } quota && quota < usable)
        {
            usable = quota;
            limitedBy = string.Create(CultureInfo.InvariantCulture, $"control group's quota of {quota:0.##} threads");
        }

        Reading<int> Counted(int count) => topologyReason is null ? Reading<int>.Of(count) : Reading<int>.None(topologyReason);
        if (topologyReason is not null)
        {
            log.Missing(topologyReason, nameof(CpuDetails.UsableCores));
        }

        return new HardwareDevice
        {
            Kind = HardwareKind.Cpu,
            Id = "cpu",
            Name = Name(first, files),
            Vendor = Vendor(first),
            Timestamp = DateTimeOffset.Now,
            TemperatureCelsius = log.Number(nameof(HardwareDevice.TemperatureCelsius), LinuxSensors.CpuTemperature(files)),
            Cpu = new CpuDetails
            {
                Architecture = architecture,
                Sockets = log.Number(nameof(CpuDetails.Sockets), Counted(sockets.Count)),
                Cores = log.Number(nameof(CpuDetails.Cores), Counted(cores.Count)),
                Threads = threads.Count > 0 ? threads.Count : log.Number(nameof(CpuDetails.Threads), Reading<int>.None(topologyReason!)),
                UsableThreads = usable,
                UsableCores = topologyReason is null ? Math.Min(usableCores.Count, (int)Math.Ceiling(usable)) : null,
                LimitedBy = limitedBy,
                VectorSets = VectorSets.FromFlags(first.GetValueOrDefault("flags") ?? first.GetValueOrDefault("Features") ?? ""),
                Caches = Caches(files, threads),
                FrequencyHertz = log.Number(nameof(CpuDetails.FrequencyHertz), Frequency(files, threads, processors)),
                MaxFrequencyHertz = log.Number(nameof(CpuDetails.MaxFrequencyHertz), threads
                    .Select(t => files.Scaled($"{CpuFolder}/cpu{t}/cpufreq/cpuinfo_max_freq", 1e3))
                    .DefaultIfEmpty(Reading<double>.None("no processor is online"))
                    .MaxBy(r => r.Ok ? r.Value : double.NegativeInfinity)
                    .Or(() => Reading<double>.None("the system does not scale the clock (no cpufreq), as in most virtual machines"))),
                NumaNodes = NumaNodes(files),
            },
            Unavailable = log.Reasons,
        };
    }

    internal static Reading<IReadOnlyList<int>> Allowed(FileTree files) => files.Text("/proc/self/status").Then(status =>
        status.Split('\n').FirstOrDefault(l => l.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal)) is { } line
            ? FileTree.ParseList(line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..])
            : Reading<IReadOnlyList<int>>.None("/proc/self/status has no Cpus_allowed_list"));

    private static List<Dictionary<string, string>> Processors(string info)
    {
        var processors = new List<Dictionary<string, string>>();
        Dictionary<string, string> tail = [];
        foreach (string block in info.Replace("\r", "", StringComparison.Ordinal).Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            Dictionary<string, string> fields = [];
            foreach (string line in block.Split('\n'))
            {
                int colon = line.IndexOf(':', StringComparison.Ordinal);
                if (colon > 0)
                {
                    fields[line[..colon].Trim()] = line[(colon + 1)..].Trim();
                }
            }

            if (fields.ContainsKey("processor"))
            {
                processors.Add(fields);
            }
            else
            {
                tail = fields;
            }
        }

        // Some ARM kernels write the model once, after the processors.
        foreach ((string key, string value) in tail)
        {
            processors.FirstOrDefault()?.TryAdd(key, value);
        }

        return processors;
    }

    private static string Name(Dictionary<string, string> first, FileTree files)
    {
        if (first.GetValueOrDefault("model name") is { Length: > 0 } model)
        {
            return model;
        }

        if (first.GetValueOrDefault("CPU part") is { Length: > 0 } part)
        {
            return ArmParts.Name(first.GetValueOrDefault("CPU implementer") ?? "", part);
        }

        return first.GetValueOrDefault("Hardware") ?? first.GetValueOrDefault("cpu model") ?? files.Text("/sys/firmware/devicetree/base/model").Value ?? "Unknown processor";
    }

    private static string? Vendor(Dictionary<string, string> first) => first.GetValueOrDefault("vendor_id") switch
    {
        "AuthenticAMD" => "AMD",
        "GenuineIntel" => "Intel",
        { Length: > 0 } other => other,
        _ => first.GetValueOrDefault("CPU implementer") is { } implementer ? ArmParts.Implementer(implementer) : null,
    };

    private static long? Number(Dictionary<string, string> fields, string name) =>
        long.TryParse(fields.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;

    private static Reading<double> Frequency(FileTree files, IReadOnlyList<int> threads, List<Dictionary<string, string>> processors)
    {
        double[] clocks =
        [
            .. threads.Select(t => files.Scaled($"{CpuFolder}/cpu{t}/cpufreq/scaling_cur_freq", 1e3)).Where(r => r is { Ok: true, Value: > 0 }).Select(r => r.Value)
        ];
        if (clocks.Length == 0)
        {
            clocks =
            [
                .. processors.Select(p => double.TryParse(p.GetValueOrDefault("cpu MHz"), NumberStyles.Float, CultureInfo.InvariantCulture, out double mhz) ? mhz * 1e6 : 0)
                    .Where(f => f > 0 && double.IsFinite(f))
            ];
        }

        return clocks.Length > 0 ? Reading<double>.Of(clocks.Average()) : Reading<double>.None("neither cpufreq nor /proc/cpuinfo tells the clock");
    }

    private static IReadOnlyList<CpuCache> Caches(FileTree files, IReadOnlyList<int> threads)
    {
        var instances = new Dictionary<(int Level, string Type, long Bytes), HashSet<string>>();
        foreach (int thread in threads)
        {
            string folder = $"{CpuFolder}/cpu{thread}/cache";
            foreach (string index in files.Entries(folder, "index"))
            {
                Reading<long> level = files.Integer($"{folder}/{index}/level");
                Reading<string> type = files.Text($"{folder}/{index}/type");
                long bytes = Size(files.Text($"{folder}/{index}/size").Value ?? "");
                if (level.Ok && type.Ok && bytes > 0)
                {
                    (int, string, long) key = ((int)level.Value, type.Value!, bytes);
                    if (!instances.TryGetValue(key, out HashSet<string>? shared))
                    {
                        instances[key] = shared = [];
                    }

                    shared.Add(files.Text($"{folder}/{index}/shared_cpu_list").Value ?? thread.ToString(CultureInfo.InvariantCulture));
                }
            }
        }

        return [.. instances.OrderBy(i => i.Key.Level).ThenBy(i => i.Key.Type, StringComparer.Ordinal).Select(i => new CpuCache(i.Key.Level, i.Key.Type, i.Key.Bytes, i.Value.Count))];
    }

    private static long Size(string text)
    {
        if (text.Length == 0)
        {
            return 0;
        }

        long unit = text[^1] switch { 'K' => 1L << 10, 'M' => 1L << 20, 'G' => 1L << 30, _ => 1 };
        return long.TryParse(text.TrimEnd('K', 'M', 'G'), NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value * unit : 0;
    }

    private static List<NumaNode> NumaNodes(FileTree files)
    {
        var nodes = new List<NumaNode>();
        foreach (string name in files.Entries("/sys/devices/system/node", "node"))
        {
            if (int.TryParse(name.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                && files.Text($"/sys/devices/system/node/{name}/cpulist") is { Ok: true } list)
            {
                long? bytes = MemInfo.Field(files.Text($"/sys/devices/system/node/{name}/meminfo").Value ?? "", "MemTotal");
                nodes.Add(new NumaNode(index, list.Value!, bytes));
            }
        }

        return nodes;
    }
}
