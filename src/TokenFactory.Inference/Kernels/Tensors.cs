using Entry = TokenFactory.Inference.Kernels.OrtApi.Entry;

namespace TokenFactory.Inference.Kernels;

/// <summary>Shape and memory of a tensor that an operator is given.</summary>
internal static unsafe class Tensors
{
    /// <summary>Element type float32.</summary>
    public const int Float = 1;

    /// <summary>Element type uint8.</summary>
    public const int Byte = 2;

    /// <summary>Reads the shape.</summary>
    /// <param name="value">An <c>OrtValue</c> that holds a tensor.</param>
    /// <param name="shape">Room for it.</param>
    /// <param name="most">Dimensions that there is room for.</param>
    /// <param name="type">The element type.</param>
    /// <returns>The rank.</returns>
    public static int Shape(IntPtr value, long* shape, int most, out int type)
    {
        IntPtr info;
        OrtApi.Check(((delegate* unmanaged<IntPtr, IntPtr*, IntPtr>)OrtApi.Function(Entry.GetTensorTypeAndShape))(value, &info));
        try
        {
            nuint rank;
            int element;
            OrtApi.Check(((delegate* unmanaged<IntPtr, int*, IntPtr>)OrtApi.Function(Entry.GetTensorElementType))(info, &element));
            type = element;
            OrtApi.Check(((delegate* unmanaged<IntPtr, nuint*, IntPtr>)OrtApi.Function(Entry.GetDimensionsCount))(info, &rank));
            if (rank > (nuint)most)
            {
                throw new InvalidOperationException($"A tensor of {rank} dimensions is not one that is computed with here.");
            }

            OrtApi.Check(((delegate* unmanaged<IntPtr, long*, nuint, IntPtr>)OrtApi.Function(Entry.GetDimensions))(info, shape, rank));
            return (int)rank;
        }
        finally
        {
            ((delegate* unmanaged<IntPtr, void>)OrtApi.Function(Entry.ReleaseTensorTypeAndShapeInfo))(info);
        }
    }

    /// <summary>The number of elements.</summary>
    public static long Elements(IntPtr value)
    {
        IntPtr info;
        OrtApi.Check(((delegate* unmanaged<IntPtr, IntPtr*, IntPtr>)OrtApi.Function(Entry.GetTensorTypeAndShape))(value, &info));
        nuint count;
        IntPtr status = ((delegate* unmanaged<IntPtr, nuint*, IntPtr>)OrtApi.Function(Entry.GetTensorShapeElementCount))(info, &count);
        ((delegate* unmanaged<IntPtr, void>)OrtApi.Function(Entry.ReleaseTensorTypeAndShapeInfo))(info);
        OrtApi.Check(status);
        return (long)count;
    }

    /// <summary>The memory.</summary>
    public static void* Data(IntPtr value)
    {
        void* data;
        OrtApi.Check(((delegate* unmanaged<IntPtr, void**, IntPtr>)OrtApi.Function(Entry.GetTensorMutableData))(value, &data));
        return data;
    }
}
