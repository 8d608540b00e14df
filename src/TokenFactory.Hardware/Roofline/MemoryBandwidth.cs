using System.Runtime.InteropServices;
using TokenFactory.Core;

namespace TokenFactory.Hardware.Roofline;

/// <summary>How to measure memory bandwidth.</summary>
public sealed record MemoryBandwidthOptions
{
    /// <summary>Bytes of each of the three arrays; 0 is four times the last-level caches, no less than 128 MiB.</summary>
    public long ArrayBytes { get; init; }

    /// <summary>Threads; 0 is every hardware thread that this process may use.</summary>
    public int Threads { get; init; }

    /// <summary>Passes to time of each pattern.</summary>
    public int Passes { get; init; } = 10;

    /// <summary>Patterns; empty is all.</summary>
    public IReadOnlyCollection<MemoryKernel> Kernels { get; init; } = [];
}

/// <summary>Measures main memory as STREAM does: all usable threads, arrays far larger than the caches, the best of several passes.</summary>
/// <remarks>
/// Each thread writes its own part first, so that on a machine with several memory nodes it lies near; on Linux each is pinned to a
/// processor that the process may use. A pass lasts from the first thread's start to the last one's end.
/// </remarks>
public static unsafe class MemoryBandwidth
{
    private const long LeastArrayBytes = 128L << 20;
    private const double ShareOfMemory = 0.25;
    private const double Scalar = 3;

    /// <summary>Measures each pattern.</summary>
    /// <param name="options">How.</param>
    /// <param name="progress">Share done, 0 to 1.</param>
    /// <param name="cancellationToken">Stops between passes.</param>
    /// <exception cref="TokenFactoryException"><c>MemoryInsufficient</c> when the arrays do not fit into a quarter of the free memory.</exception>
    public static IReadOnlyList<BandwidthResult> Measure(
        MemoryBandwidthOptions? options = null, IProgress<float>? progress = null, CancellationToken cancellationToken = default)
    {
        options ??= new MemoryBandwidthOptions();
        IReadOnlyList<HardwareDevice> host = HardwareProbe.GetDevices(new HardwareProbeOptions { Kinds = [HardwareKind.Cpu, HardwareKind.Memory] }, cancellationToken);
        CpuDetails cpu = host[0].Cpu!;
        int threads = options.Threads > 0 ? options.Threads : Math.Max(1, (int)Math.Ceiling(cpu.UsableThreads));
        long bytes = options.ArrayBytes > 0 ? options.ArrayBytes : DefaultArrayBytes(cpu);
        nint part = (nint)(bytes / sizeof(double) / threads / StreamKernels.Step * StreamKernels.Step);
        if (part == 0 || (host[1].Memory!.AvailableBytes is { } free && 3 * bytes > free * ShareOfMemory))
        {
            throw new TokenFactoryException("MemoryInsufficient", FailureKind.ResourceUnavailable,
                $"Three arrays of {bytes >> 20} MiB do not fit into a quarter of the free memory. Free memory or name a smaller array.", bytes);
        }

        MemoryKernel[] kernels = options.Kernels.Count > 0 ? [.. options.Kernels.Distinct()] : Enum.GetValues<MemoryKernel>();
        using var arrays = new Arrays(part, threads);
        return Run(arrays, kernels, Math.Max(1, options.Passes), progress, cancellationToken);
    }

    internal static long DefaultArrayBytes(CpuDetails cpu)
    {
        int last = cpu.Caches.Count > 0 ? cpu.Caches.Max(c => c.Level) : 0;
        return Math.Max(LeastArrayBytes, 4 * cpu.Caches.Where(c => c.Level == last && c.Level > 1).Sum(c => c.TotalBytes));
    }

    private static List<BandwidthResult> Run(Arrays arrays, MemoryKernel[] kernels, int passes, IProgress<float>? progress, CancellationToken token)
    {
        int threads = arrays.Threads;
        long[] starts = new long[threads];
        long[] ends = new long[threads];
        double[] sinks = new double[threads * 16];
        var results = new List<BandwidthResult>();
        double[] seconds = new double[passes];
        // Pass 0 of each pattern warms up and is not timed; -1 is before the first.
        int kernel = 0;
        int pass = -1;
        bool stop = false;
        Exception? failure = null;
        using var gate = new Barrier(threads, _ =>
        {
            // Runs while all threads wait: takes the time of the pass that ended and names the next.
            if (pass > 0)
            {
                seconds[pass - 1] = (ends.Max() - starts.Min()) / (double)TimeProvider.System.TimestampFrequency;
            }

            pass++;
            if (pass > passes)
            {
                results.Add(Summarise(kernels[kernel], arrays.Bytes, seconds));
                kernel++;
                pass = 0;
            }

            progress?.Report((float)((kernel * (passes + 1)) + pass) / (kernels.Length * (passes + 1)));
            stop = kernel == kernels.Length || token.IsCancellationRequested;
        });
        void Body(int index)
        {
            try
            {
                ThreadPinning.Pin(index);
                arrays.Touch(index);
                while (true)
                {
                    gate.SignalAndWait(CancellationToken.None);
                    if (stop)
                    {
                        return;
                    }

                    MemoryKernel current = kernels[kernel];
                    (nint a, nint b, nint c) = arrays.Part(index);
                    starts[index] = TimeProvider.System.GetTimestamp();
                    sinks[index * 16] = StreamKernels.Run(current, (double*)a, (double*)b, (double*)c, arrays.PartLength, Scalar);
                    ends[index] = TimeProvider.System.GetTimestamp();
                }
            }
            catch (BarrierPostPhaseException e)
            {
                failure = e.InnerException;
            }
        }

        Thread[] workers = [.. Enumerable.Range(0, threads).Select(i => new Thread(() => Body(i)) { IsBackground = true, Name = $"bandwidth {i}" })];
        foreach (Thread worker in workers)
        {
            worker.Start();
        }

        foreach (Thread worker in workers)
        {
            worker.Join();
        }

        token.ThrowIfCancellationRequested();
        return failure is null ? results : throw new InvalidOperationException("The measurement failed.", failure);
    }

    private static BandwidthResult Summarise(MemoryKernel kernel, long arrayBytes, double[] seconds)
    {
        double moved = arrayBytes * (kernel switch { MemoryKernel.Read => 1, MemoryKernel.Copy or MemoryKernel.Scale => 2, _ => 3 });
        double[] sorted = [.. seconds.Order()];
        return new BandwidthResult(kernel, moved / sorted[0], moved / sorted[sorted.Length / 2], sorted.Length);
    }

    private sealed class Arrays : IDisposable
    {
        private readonly nint _a;
        private readonly nint _b;
        private readonly nint _c;

        public Arrays(nint partLength, int threads)
        {
            PartLength = partLength;
            Threads = threads;
            Bytes = (long)partLength * sizeof(double) * threads;
            _a = Allocate();
            _b = Allocate();
            _c = Allocate();
        }

        public nint PartLength { get; }

        public int Threads { get; }

        public long Bytes { get; }

        public (nint A, nint B, nint C) Part(int index)
        {
            nint offset = index * PartLength * sizeof(double);
            return (_a + offset, _b + offset, _c + offset);
        }

        public void Touch(int index)
        {
            (nint a, nint b, nint c) = Part(index);
            for (nint i = 0; i < PartLength; i++)
            {
                ((double*)a)[i] = 1;
                ((double*)b)[i] = 2;
                ((double*)c)[i] = 0;
            }
        }

        public void Dispose()
        {
            NativeMemory.AlignedFree((void*)_a);
            NativeMemory.AlignedFree((void*)_b);
            NativeMemory.AlignedFree((void*)_c);
        }

        private nint Allocate() => (nint)NativeMemory.AlignedAlloc((nuint)Bytes, 4096);
    }
}
