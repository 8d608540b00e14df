using System.Runtime.InteropServices;

namespace TokenFactory.Inference.Kernels;

/// <summary>The part of ONNX Runtime's C interface that operators of our own need and its .NET binding does not show.</summary>
/// <remarks>
/// Places in the table are those of <c>struct OrtApi</c> in onnxruntime_c_api.h. The table only ever grows at its end, and a library that does not know
/// the version asked for gives none. All that is used here is there since 1.17.
/// </remarks>
internal static unsafe partial class OrtApi
{
    private const uint Version = 17;

    private static readonly void** s_table = Load();

    /// <summary>True where the native library has the interface.</summary>
    public static bool IsAvailable => s_table is not null;

    /// <summary>Places of functions in the table.</summary>
    public enum Entry
    {
        CreateStatus = 0,
        GetErrorMessage = 2,
        CreateCustomOpDomain = 26,
        CustomOpDomainAdd = 27,
        AddCustomOpDomain = 28,
        GetTensorMutableData = 51,
        GetTensorElementType = 60,
        GetDimensionsCount = 61,
        GetDimensions = 62,
        GetTensorShapeElementCount = 64,
        GetTensorTypeAndShape = 65,
        KernelInfoGetAttributeFloat = 85,
        KernelInfoGetAttributeInt64 = 86,
        KernelContextGetInput = 90,
        KernelContextGetOutput = 91,
        ReleaseStatus = 93,
        ReleaseTensorTypeAndShapeInfo = 99,
        KernelInfoGetConstantInputTensor = 249,
        KernelContextParallelFor = 274,
    }

    /// <summary>The function at a place.</summary>
    public static void* Function(Entry entry) => s_table[(int)entry];

    /// <summary>A status that says what went wrong.</summary>
    public static IntPtr Fail(string message)
    {
        byte* text = (byte*)Marshal.StringToCoTaskMemUTF8(message);
        IntPtr status = ((delegate* unmanaged<int, byte*, IntPtr>)Function(Entry.CreateStatus))(1, text);
        Marshal.FreeCoTaskMem((IntPtr)text);
        return status;
    }

    /// <summary>Throws where a call failed.</summary>
    public static void Check(IntPtr status)
    {
        if (status != 0)
        {
            string? message = Marshal.PtrToStringUTF8((IntPtr)((delegate* unmanaged<IntPtr, byte*>)Function(Entry.GetErrorMessage))(status));
            ((delegate* unmanaged<IntPtr, void>)Function(Entry.ReleaseStatus))(status);
            throw new InvalidOperationException(message);
        }
    }

    private static void** Load()
    {
        try
        {
            return OrtGetApiBase()->GetApi(Version);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            return null;
        }
    }

    [LibraryImport("onnxruntime")]
    private static partial ApiBase* OrtGetApiBase();

    [StructLayout(LayoutKind.Sequential)]
    private struct ApiBase
    {
        public delegate* unmanaged<uint, void**> GetApi;
        public delegate* unmanaged<byte*> GetVersionString;
    }
}
