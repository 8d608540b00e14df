using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace TokenFactory.Inference.Kernels;

/// <summary>What a feed-forward layer does to its gate.</summary>
internal enum GateActivationKind
{
    /// <summary>There is no gate.</summary>
    None,

    /// <summary>x · sigmoid(x).</summary>
    Silu,
}

/// <summary>Gated activations.</summary>
internal static unsafe class GateActivations
{
    /// <summary>gate := activation(gate) · up.</summary>
    /// <param name="kind">The activation.</param>
    /// <param name="gate">Gate in, product out.</param>
    /// <param name="up">The other factor.</param>
    /// <param name="count">Elements.</param>
    /// <remarks>An element's result does not depend on its place: what is left over at the end is computed in a vector of its own.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(GateActivationKind kind, float* gate, float* up, int count)
    {
        if (kind != GateActivationKind.Silu)
        {
            throw new ArgumentOutOfRangeException(nameof(kind));
        }

        int i = 0;
        for (; i <= count - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            (Silu(Vector256.Load(gate + i)) * Vector256.Load(up + i)).Store(gate + i);
        }

        if (i < count)
        {
            float* rest = stackalloc float[2 * Vector256<float>.Count];
            for (int k = i; k < count; k++)
            {
                rest[k - i] = gate[k];
                rest[Vector256<float>.Count + k - i] = up[k];
            }

            (Silu(Vector256.Load(rest)) * Vector256.Load(rest + Vector256<float>.Count)).Store(rest);
            for (int k = i; k < count; k++)
            {
                gate[k] = rest[k - i];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Silu(Vector256<float> x) => x / (Vector256<float>.One + Vector256.Exp(-x));
}
