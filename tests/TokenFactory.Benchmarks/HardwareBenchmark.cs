using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using TokenFactory.Hardware;
using TokenFactory.Hardware.Roofline;

namespace TokenFactory.Benchmarks;

/// <summary>Our memory bandwidth beside a C program of STREAM's kind, built here with gcc, alternating in one run.</summary>
internal static class HardwareBenchmark
{
    private const int Rounds = 5;
    private const int Passes = 12;
    private const long ArrayBytes = 256L << 20;

    // Plain loops that the compiler vectorises, as in STREAM, with plain stores. The read is written in 64-byte vectors with eight sums: left to
    // itself gcc keeps too few in flight, and the peer should be as good as C gets.
    private const string Source = """
        #define _GNU_SOURCE
        #include <pthread.h>
        #include <sched.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <time.h>
        static double *a, *b, *c; static long part; static int threads, passes; static volatile double sink[1024];
        static pthread_barrier_t gate; static double starts[64], ends[64];
        static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec * 1e-9; }
        typedef double v8 __attribute__((vector_size(64)));
        static double readall(const double *restrict x, long n) {
          const v8 *p = (const v8 *)x, *e = p + n / 8; v8 s[8] = {0};
          for (; p < e; p += 8) for (int k = 0; k < 8; k++) s[k] += p[k];
          v8 t = s[0] + s[1] + s[2] + s[3] + s[4] + s[5] + s[6] + s[7]; double r = 0;
          for (int k = 0; k < 8; k++) r += t[k];
          return r;
        }
        static void copy(double *restrict y, const double *restrict x, long n) { for (long i = 0; i < n; i++) y[i] = x[i]; }
        static void triad(double *restrict x, const double *restrict y, const double *restrict z, long n) { for (long i = 0; i < n; i++) x[i] = y[i] + 3.0 * z[i]; }
        static void *run(void *arg) {
          long id = (long)arg; double *x = a + id * part, *y = b + id * part, *z = c + id * part;
          cpu_set_t set; CPU_ZERO(&set); CPU_SET(id, &set); sched_setaffinity(0, sizeof set, &set);
          for (long i = 0; i < part; i++) { x[i] = 1; y[i] = 2; z[i] = 0; }
          for (int k = 0; k < 3; k++) for (int p = 0; p <= passes; p++) {
            pthread_barrier_wait(&gate);
            starts[id] = now();
            if (k == 0) sink[id * 16] = readall(x, part); else if (k == 1) copy(y, x, part); else triad(x, y, z, part);
            ends[id] = now();
            pthread_barrier_wait(&gate);
            if (id == 0) {
              static double best; double s = starts[0], e = ends[0];
              for (int t = 1; t < threads; t++) { if (starts[t] < s) s = starts[t]; if (ends[t] > e) e = ends[t]; }
              if (p == 0) best = 1e9; else if (e - s < best) best = e - s;
              if (p == passes) printf("%.0f\n", (k == 0 ? 1.0 : k == 1 ? 2.0 : 3.0) * part * threads * 8 / best);
            }
          }
          return 0;
        }
        int main(int argc, char **argv) {
          long bytes = atol(argv[1]); threads = atoi(argv[2]); passes = atoi(argv[3]); part = bytes / 8 / threads / 64 * 64;
          a = aligned_alloc(4096, bytes); b = aligned_alloc(4096, bytes); c = aligned_alloc(4096, bytes);
          pthread_barrier_init(&gate, 0, threads); pthread_t t[64];
          for (long i = 0; i < threads; i++) pthread_create(&t[i], 0, run, (void *)i);
          for (int i = 0; i < threads; i++) pthread_join(t[i], 0);
          return 0;
        }
        """;

    /// <summary>Prints bandwidth of both programs and the ratio of ours to C's, by pattern.</summary>
    /// <param name="output">Where to print.</param>
    public static int Run(TextWriter output)
    {
        HardwareDevice cpu = HardwareProbe.GetDevices(new HardwareProbeOptions { Kinds = [HardwareKind.Cpu] })[0];
        int threads = Math.Clamp((int)Math.Ceiling(cpu.Cpu!.UsableThreads), 1, 64);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Memory bandwidth, {cpu.Name}, {threads} threads, 3 arrays of {ArrayBytes >> 20} MiB, best of {Passes} passes, {Rounds} alternations, GB/s"));
        string folder = Directory.CreateTempSubdirectory("tokenfactory-stream-").FullName;
        try
        {
            string? program = Compile(folder);
            MemoryKernel[] kernels = [MemoryKernel.Read, MemoryKernel.Copy, MemoryKernel.Triad];
            var ours = kernels.ToDictionary(k => k, _ => new List<double>());
            var theirs = kernels.ToDictionary(k => k, _ => new List<double>());
            for (int round = 0; round < Rounds; round++)
            {
                foreach (BandwidthResult result in MemoryBandwidth.Measure(new MemoryBandwidthOptions { ArrayBytes = ArrayBytes, Threads = threads, Passes = Passes, Kernels = kernels }))
                {
                    ours[result.Kernel].Add(result.BytesPerSecond);
                }

                if (program is not null)
                {
                    string[] lines = Execute(program, string.Create(CultureInfo.InvariantCulture, $"{ArrayBytes} {threads} {Passes}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
                    for (int k = 0; k < kernels.Length; k++)
                    {
                        theirs[kernels[k]].Add(double.Parse(lines[k], CultureInfo.InvariantCulture));
                    }
                }
            }

            foreach (MemoryKernel kernel in kernels)
            {
                string peer = program is null
                    ? "no gcc here, no ratio"
                    : string.Create(CultureInfo.InvariantCulture, $"C {Median(theirs[kernel]) / 1e9,7:0.00}   ours / C {Median(ours[kernel].Zip(theirs[kernel], (o, t) => o / t)):0.000}");
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {kernel,-6} ours {Median(ours[kernel]) / 1e9,7:0.00}   {peer}"));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static string? Compile(string folder)
    {
        string source = Path.Combine(folder, "stream.c");
        string program = Path.Combine(folder, "stream");
        File.WriteAllText(source, Source);
        try
        {
            Execute("gcc", $"-O3 -march=native -ffast-math -funroll-loops -pthread -o {program} {source}");
            return File.Exists(program) ? program : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private static string Execute(string file, string arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true })!;
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return text;
    }
}
