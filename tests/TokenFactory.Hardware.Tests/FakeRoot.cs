using TokenFactory.Hardware.Host;
using Xunit;

namespace TokenFactory.Hardware.Tests;

/// <summary>A folder that stands for the root of a recorded machine.</summary>
internal sealed class FakeRoot : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tokenfactory-root-").FullName;

    public string Path => _folder;

    public FakeRoot With(string path, string text)
    {
        string full = System.IO.Path.Combine(_folder, path.TrimStart('/'));
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text.Replace("\r\n", "\n", StringComparison.Ordinal) + "\n");
        return this;
    }

    public FakeRoot WithBytes(string path, byte[] bytes)
    {
        With(path, "");
        File.WriteAllBytes(System.IO.Path.Combine(_folder, path.TrimStart('/')), bytes);
        return this;
    }

    public HardwareProbeOptions Options => new() { Root = _folder, Timeout = TimeSpan.FromSeconds(30), Libraries = _ => null };

    public HardwareDevice Device(HardwareKind kind, CpuIdentification? cpuId = null) =>
        Assert.Single(HardwareProbe.GetDevices(Options with { Kinds = [kind], CpuId = cpuId }, TestContext.Current.CancellationToken));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Two sockets of two cores with two threads each, as a server shows itself.</summary>
    public FakeRoot WithServer()
    {
        var info = new System.Text.StringBuilder();
        for (int cpu = 0; cpu < 8; cpu++)
        {
            int core = cpu % 4;
            string folder = $"/sys/devices/system/cpu/cpu{cpu}";
            info.Append("processor\t: " + cpu + "\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) Test\ncpu MHz\t\t: 2000.5\nflags\t\t: fpu sse4_2 avx avx2 fma f16c avx512f avx512bw avx512vl avx512_vnni amx_tile amx_int8\n\n");
            With($"{folder}/topology/physical_package_id", $"{core / 2}").With($"{folder}/topology/core_id", $"{core % 2}");
            With($"{folder}/cpufreq/scaling_cur_freq", cpu < 4 ? "2000000" : "3000000").With($"{folder}/cpufreq/cpuinfo_max_freq", "3800000");
            With($"{folder}/cache/index0/level", "1").With($"{folder}/cache/index0/type", "Data").With($"{folder}/cache/index0/size", "48K").With($"{folder}/cache/index0/shared_cpu_list", $"{core},{core + 4}");
            With($"{folder}/cache/index3/level", "3").With($"{folder}/cache/index3/type", "Unified").With($"{folder}/cache/index3/size", "30M")
                .With($"{folder}/cache/index3/shared_cpu_list", core / 2 == 0 ? "0-1,4-5" : "2-3,6-7");
        }

        With("/proc/cpuinfo", info.ToString()).With("/sys/devices/system/cpu/online", "0-7").With("/proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-7");
        With("/sys/devices/system/node/node0/cpulist", "0-1,4-5").With("/sys/devices/system/node/node0/meminfo", "Node 0 MemTotal:       16777216 kB\nNode 0 MemFree: 1 kB");
        With("/sys/devices/system/node/node1/cpulist", "2-3,6-7").With("/sys/devices/system/node/node1/meminfo", "Node 1 MemTotal:       16777216 kB");
        return With("/proc/meminfo", "MemTotal:       33554432 kB\nMemFree:  1000 kB\nMemAvailable:   16777216 kB\nSwapTotal:       1048576 kB\nHugePages_Total:       4\nHugepagesize:       2048 kB");
    }
}
