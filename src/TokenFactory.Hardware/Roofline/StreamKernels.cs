using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace TokenFactory.Hardware.Roofline;

/// <summary>The inner loops over one thread's part of the arrays.</summary>
/// <remarks>
/// Doubles, as in STREAM. Walks in the widest vectors that the processor has, eight at a time for the read so that the latency of
/// additions does not limit it. Stores are non-temporal: a cached store would first read the line that it overwrites. Lengths are
/// multiples of <see cref="Step"/>; pointers are aligned to 64 bytes.
/// </remarks>
internal static unsafe class StreamKernels
{
    /// <summary>Elements that every length is a multiple of.</summary>
    public const int Step = 64;

    /// <summary>Name of the vector width in use.</summary>
    public static string Width => Vector512.IsHardwareAccelerated ? "512-bit" : Vector256.IsHardwareAccelerated ? "256-bit" : "128-bit";

    public static double Run(MemoryKernel kernel, double* a, double* b, double* c, nint count, double scalar) => kernel switch
    {
        MemoryKernel.Read => Read(a, count),
        MemoryKernel.Copy => Copy(b, a, count),
        MemoryKernel.Scale => Scale(b, a, scalar, count),
        MemoryKernel.Add => Add(c, a, b, count),
        _ => Triad(a, b, c, scalar, count),
    };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Read(double* a, nint count)
    {
        double* end = a + count;
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<double> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
            for (; a < end; a += 64)
            {
                s0 += Vector512.Load(a);
                s1 += Vector512.Load(a + 8);
                s2 += Vector512.Load(a + 16);
                s3 += Vector512.Load(a + 24);
                s4 += Vector512.Load(a + 32);
                s5 += Vector512.Load(a + 40);
                s6 += Vector512.Load(a + 48);
                s7 += Vector512.Load(a + 56);
            }

            return Vector512.Sum(s0 + s1 + s2 + s3 + (s4 + s5 + s6 + s7));
        }

        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<double> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
            for (; a < end; a += 32)
            {
                s0 += Vector256.Load(a);
                s1 += Vector256.Load(a + 4);
                s2 += Vector256.Load(a + 8);
                s3 += Vector256.Load(a + 12);
                s4 += Vector256.Load(a + 16);
                s5 += Vector256.Load(a + 20);
                s6 += Vector256.Load(a + 24);
                s7 += Vector256.Load(a + 28);
            }

            return Vector256.Sum(s0 + s1 + s2 + s3 + (s4 + s5 + s6 + s7));
        }

        Vector128<double> t0 = default, t1 = default, t2 = default, t3 = default;
        for (; a < end; a += 8)
        {
            t0 += Vector128.Load(a);
            t1 += Vector128.Load(a + 2);
            t2 += Vector128.Load(a + 4);
            t3 += Vector128.Load(a + 6);
        }

        return Vector128.Sum(t0 + t1 + (t2 + t3));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Copy(double* to, double* from, nint count)
    {
        double* end = from + count;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; from < end; from += 16, to += 16)
            {
                Vector512.Load(from).StoreAlignedNonTemporal(to);
                Vector512.Load(from + 8).StoreAlignedNonTemporal(to + 8);
            }
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            for (; from < end; from += 16, to += 16)
            {
                Vector256.Load(from).StoreAlignedNonTemporal(to);
                Vector256.Load(from + 4).StoreAlignedNonTemporal(to + 4);
                Vector256.Load(from + 8).StoreAlignedNonTemporal(to + 8);
                Vector256.Load(from + 12).StoreAlignedNonTemporal(to + 12);
            }
        }
        else
        {
            for (; from < end; from += 4, to += 4)
            {
                Vector128.Load(from).StoreAlignedNonTemporal(to);
                Vector128.Load(from + 2).StoreAlignedNonTemporal(to + 2);
            }
        }

        return to[-1];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Scale(double* to, double* from, double scalar, nint count)
    {
        double* end = from + count;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; from < end; from += 8, to += 8)
            {
                (Vector512.Load(from) * scalar).StoreAlignedNonTemporal(to);
            }
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            for (; from < end; from += 8, to += 8)
            {
                (Vector256.Load(from) * scalar).StoreAlignedNonTemporal(to);
                (Vector256.Load(from + 4) * scalar).StoreAlignedNonTemporal(to + 4);
            }
        }
        else
        {
            for (; from < end; from += 2, to += 2)
            {
                (Vector128.Load(from) * scalar).StoreAlignedNonTemporal(to);
            }
        }

        return to[-1];
    }

    private static double Add(double* to, double* x, double* y, nint count) => Triad(to, x, y, 1, count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Triad(double* to, double* x, double* y, double scalar, nint count)
    {
        double* end = x + count;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; x < end; x += 8, y += 8, to += 8)
            {
                (Vector512.Load(x) + (Vector512.Load(y) * scalar)).StoreAlignedNonTemporal(to);
            }
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            for (; x < end; x += 8, y += 8, to += 8)
            {
                (Vector256.Load(x) + (Vector256.Load(y) * scalar)).StoreAlignedNonTemporal(to);
                (Vector256.Load(x + 4) + (Vector256.Load(y + 4) * scalar)).StoreAlignedNonTemporal(to + 4);
            }
        }
        else
        {
            for (; x < end; x += 2, y += 2, to += 2)
            {
                (Vector128.Load(x) + (Vector128.Load(y) * scalar)).StoreAlignedNonTemporal(to);
            }
        }

        return to[-1];
    }
}
