using System.Runtime.InteropServices;

namespace TokenFactory.Inference.Kernels;

/// <summary>Memory of one running product. Kept from call to call, so that a step takes no new memory; as many as run at once.</summary>
internal sealed unsafe class ProductScratch
{
    private const long LargestKeptBytes = 32L << 20;

    private static readonly ProductScratch?[] s_free = new ProductScratch?[32];

    private long _count;

    private ProductScratch() => Handle = GCHandle.ToIntPtr(GCHandle.Alloc(this));

    /// <summary>Finds it from native code.</summary>
    public nint Handle { get; }

    /// <summary>The rows of a product in eight bits.</summary>
    public QuantizedRows Rows { get; } = new();

    /// <summary>Room for intermediate values; see <see cref="ReserveFloats"/>.</summary>
    public float* Floats { get; private set; }

    /// <summary>The scratch that a handle stands for.</summary>
    public static ProductScratch Of(nint handle) => (ProductScratch)GCHandle.FromIntPtr(handle).Target!;

    /// <summary>Takes one that nobody uses.</summary>
    public static ProductScratch Rent()
    {
        for (int i = 0; i < s_free.Length; i++)
        {
            if (Interlocked.Exchange(ref s_free[i], null) is { } scratch)
            {
                return scratch;
            }
        }

        return new ProductScratch();
    }

    /// <summary>Gives it back.</summary>
    public void Return()
    {
        if ((_count * sizeof(float)) + Rows.HeldBytes <= LargestKeptBytes)
        {
            for (int i = 0; i < s_free.Length; i++)
            {
                if (Interlocked.CompareExchange(ref s_free[i], this, null) is null)
                {
                    return;
                }
            }
        }

        Rows.Dispose();
        NativeMemory.AlignedFree(Floats);
        GCHandle.FromIntPtr(Handle).Free();
    }

    /// <summary>Makes <see cref="Floats"/> at least so long; what was there is lost.</summary>
    public void ReserveFloats(long count)
    {
        if (count > _count)
        {
            NativeMemory.AlignedFree(Floats);
            Floats = null;
            _count = 0;
            Floats = (float*)NativeMemory.AlignedAlloc(checked((nuint)count * sizeof(float)), 64);
            _count = count;
        }
    }
}
