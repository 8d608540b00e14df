using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace TokenFactory.Inference.Kernels;

/// <summary>The norm of a sum of two rows.</summary>
internal static unsafe class RootMeanSquare
{
    /// <summary>sum := x + skip; target := sum · gamma / √(mean(sum²) + epsilon).</summary>
    /// <param name="x">A row.</param>
    /// <param name="skip">Another.</param>
    /// <param name="gamma">A factor for each element.</param>
    /// <param name="epsilon">Keeps the root from 0.</param>
    /// <param name="count">Elements, a multiple of 16.</param>
    /// <param name="sum">Gets the sum.</param>
    /// <param name="target">Gets the norm; not the same memory as any other.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Normalize(float* x, float* skip, float* gamma, float epsilon, int count, float* sum, float* target)
    {
        Vector256<float> first = Vector256<float>.Zero, second = Vector256<float>.Zero;
        for (int i = 0; i < count; i += 16)
        {
            Vector256<float> a = Vector256.Load(x + i) + Vector256.Load(skip + i);
            Vector256<float> b = Vector256.Load(x + i + 8) + Vector256.Load(skip + i + 8);
            a.Store(sum + i);
            b.Store(sum + i + 8);
            first += a * a;
            second += b * b;
        }

        float scale = 1 / MathF.Sqrt((Vector256.Sum(first + second) / count) + epsilon);
        for (int i = 0; i < count; i += 16)
        {
            (Vector256.Load(sum + i) * scale * Vector256.Load(gamma + i)).Store(target + i);
            (Vector256.Load(sum + i + 8) * scale * Vector256.Load(gamma + i + 8)).Store(target + i + 8);
        }
    }
}
