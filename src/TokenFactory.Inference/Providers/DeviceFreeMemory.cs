using System.Runtime.InteropServices;

namespace TokenFactory.Inference.Providers;

/// <summary>How much memory a provider's device has left.</summary>
/// <remarks>ONNX Runtime does not tell. CUDA's runtime does (cudaMemGetInfo, CUDA Runtime API, "Memory Management"); WebGPU has no such call.</remarks>
internal static unsafe class DeviceFreeMemory
{
    private static readonly string[] s_cudaRuntimes = OperatingSystem.IsWindows()
        ? ["cudart64_13.dll", "cudart64_12.dll"]
        : ["libcudart.so.13", "libcudart.so.12", "libcudart.so"];

    /// <summary>Bytes that are free; null when they can't be read.</summary>
    public static long? Bytes(ExecutionProvider provider, int deviceId) => provider == ExecutionProvider.Cuda ? Cuda(deviceId) : null;

    private static long? Cuda(int deviceId)
    {
        foreach (string name in s_cudaRuntimes)
        {
            if (!NativeLibrary.TryLoad(name, out IntPtr library))
            {
                continue;
            }

            // The provider holds the library too; freeing our reference does not unload it.
            try
            {
                if (NativeLibrary.TryGetExport(library, "cudaSetDevice", out IntPtr set)
                    && NativeLibrary.TryGetExport(library, "cudaMemGetInfo", out IntPtr get))
                {
                    nuint free = 0;
                    nuint total = 0;
                    bool read = ((delegate* unmanaged[Cdecl]<int, int>)set)(deviceId) == 0
                        && ((delegate* unmanaged[Cdecl]<nuint*, nuint*, int>)get)(&free, &total) == 0;
                    return read ? (long)free : null;
                }
            }
            finally
            {
                NativeLibrary.Free(library);
            }
        }

        return null;
    }
}
