using System.Runtime.InteropServices;
using Entry = TokenFactory.Inference.Kernels.OrtApi.Entry;

namespace TokenFactory.Inference.Kernels;

/// <summary>Our products of activations and 4-bit weights as an operator of ONNX Runtime.</summary>
/// <remarks>
/// Inputs: the rows; with attribute <c>norm</c> what is added to them and the weights of the norm that the sum then gets; then for each matrix its blocks, its
/// scales, its zero points (attribute <c>zero_points</c>) and its bias (attribute <c>bias</c>), laid out as <c>MatMulNBits</c> has them. Further attributes:
/// <c>matrices</c>, <c>K</c>, <c>N0</c> to <c>N2</c>, <c>block_size</c>, <c>threads</c>, <c>gate</c>, <c>epsilon</c>, <c>sum</c>. One output a matrix; with a gate
/// one output, activation(first) · second; then, with <c>sum</c>, what was normed. ONNX Runtime calls these functions from its threads, so none may
/// throw. What describes the operator is made once and never released: sessions point to it.
/// </remarks>
internal static unsafe class Int4Operator
{
    /// <summary>Domain of the operator; no published model has it.</summary>
    public const string Domain = "tokenfactory";

    /// <summary>Name of the operator.</summary>
    public const string Name = "MatMulInt4";

    private const int TypeAny = 0, TypeFloat = 1;
    private const int Required = 0, Optional = 1, Variadic = 2;

    private static readonly byte* s_name = (byte*)Marshal.StringToCoTaskMemUTF8(Name);
    private static readonly IntPtr s_domain = CreateDomain();

    /// <summary>True where this processor has a kernel and the native library takes operators.</summary>
    public static bool IsAvailable => Int4MatrixKernel.IsSupported && OrtApi.IsAvailable;

    /// <summary>Makes the operator known to sessions of these options.</summary>
    /// <param name="options">A handle of session options.</param>
    public static void Register(SafeHandle options) =>
        OrtApi.Check(((delegate* unmanaged<IntPtr, IntPtr, IntPtr>)OrtApi.Function(Entry.AddCustomOpDomain))(options.DangerousGetHandle(), s_domain));

    private static IntPtr CreateDomain()
    {
        byte* name = (byte*)Marshal.StringToCoTaskMemUTF8(Domain);
        IntPtr domain;
        OrtApi.Check(((delegate* unmanaged<byte*, IntPtr*, IntPtr>)OrtApi.Function(Entry.CreateCustomOpDomain))(name, &domain));
        CustomOp* op = (CustomOp*)NativeMemory.AllocZeroed((nuint)sizeof(CustomOp));
        op->Version = 17;
        op->GetName = &GetName;
        op->GetExecutionProviderType = &GetProvider;
        op->GetInputType = &GetInputType;
        op->GetInputTypeCount = &GetInputCount;
        op->GetOutputType = &GetOutputType;
        op->GetOutputTypeCount = &GetOutputCount;
        op->GetInputCharacteristic = &GetInputCharacteristic;
        op->GetOutputCharacteristic = &GetOutputCharacteristic;
        op->GetInputMemoryType = &GetMemoryType;
        op->GetVariadicInputMinArity = &GetOne;
        op->GetVariadicInputHomogeneity = &GetNone;
        op->GetVariadicOutputMinArity = &GetOne;
        op->GetVariadicOutputHomogeneity = &GetOne;
        op->GetStartVersion = &GetOne;
        op->GetEndVersion = &GetLast;
        op->CreateKernel = &Create;
        op->Compute = &Compute;
        op->DestroyKernel = &Destroy;
        OrtApi.Check(((delegate* unmanaged<IntPtr, CustomOp*, IntPtr>)OrtApi.Function(Entry.CustomOpDomainAdd))(domain, op));
        return domain;
    }

    [UnmanagedCallersOnly]
    private static byte* GetName(CustomOp* op) => s_name;

    [UnmanagedCallersOnly]
    private static byte* GetProvider(CustomOp* op) => null;

    [UnmanagedCallersOnly]
    private static int GetInputType(CustomOp* op, nuint index) => index == 0 ? TypeFloat : TypeAny;

    [UnmanagedCallersOnly]
    private static nuint GetInputCount(CustomOp* op) => 2;

    [UnmanagedCallersOnly]
    private static int GetOutputType(CustomOp* op, nuint index) => TypeFloat;

    [UnmanagedCallersOnly]
    private static nuint GetOutputCount(CustomOp* op) => ProductKernel.MostMatrices + 1;

    [UnmanagedCallersOnly]
    private static int GetInputCharacteristic(CustomOp* op, nuint index) => index == 0 ? Required : Variadic;

    [UnmanagedCallersOnly]
    private static int GetOutputCharacteristic(CustomOp* op, nuint index) => index == 0 ? Required : Optional;

    [UnmanagedCallersOnly]
    private static int GetMemoryType(CustomOp* op, nuint index) => 0;

    [UnmanagedCallersOnly]
    private static int GetOne(CustomOp* op) => 1;

    [UnmanagedCallersOnly]
    private static int GetNone(CustomOp* op) => 0;

    [UnmanagedCallersOnly]
    private static int GetLast(CustomOp* op) => int.MaxValue;

    [UnmanagedCallersOnly]
    private static IntPtr Create(CustomOp* op, void* api, IntPtr info, void** kernel)
    {
        *kernel = null;
        try
        {
            var made = new ProductKernel(info);
            *kernel = NativeMemory.Alloc((nuint)sizeof(ProductKernel));
            *(ProductKernel*)*kernel = made;
            return 0;
        }
        catch (Exception e)
        {
            return OrtApi.Fail(e.Message);
        }
    }

    [UnmanagedCallersOnly]
    private static void Destroy(void* kernel) => NativeMemory.Free(kernel);

    [UnmanagedCallersOnly]
    private static IntPtr Compute(void* kernel, IntPtr context)
    {
        try
        {
            ProductKernel.Run((ProductKernel*)kernel, context);
            return 0;
        }
        catch (Exception e)
        {
            return OrtApi.Fail(e.Message);
        }
    }

    // struct OrtCustomOp of onnxruntime_c_api.h, as far as version 17 goes.
    [StructLayout(LayoutKind.Sequential)]
    private struct CustomOp
    {
        public uint Version;
        public void* CreateKernelOld;
        public delegate* unmanaged<CustomOp*, byte*> GetName;
        public delegate* unmanaged<CustomOp*, byte*> GetExecutionProviderType;
        public delegate* unmanaged<CustomOp*, nuint, int> GetInputType;
        public delegate* unmanaged<CustomOp*, nuint> GetInputTypeCount;
        public delegate* unmanaged<CustomOp*, nuint, int> GetOutputType;
        public delegate* unmanaged<CustomOp*, nuint> GetOutputTypeCount;
        public void* ComputeOld;
        public delegate* unmanaged<void*, void> DestroyKernel;
        public delegate* unmanaged<CustomOp*, nuint, int> GetInputCharacteristic;
        public delegate* unmanaged<CustomOp*, nuint, int> GetOutputCharacteristic;
        public delegate* unmanaged<CustomOp*, nuint, int> GetInputMemoryType;
        public delegate* unmanaged<CustomOp*, int> GetVariadicInputMinArity;
        public delegate* unmanaged<CustomOp*, int> GetVariadicInputHomogeneity;
        public delegate* unmanaged<CustomOp*, int> GetVariadicOutputMinArity;
        public delegate* unmanaged<CustomOp*, int> GetVariadicOutputHomogeneity;
        public delegate* unmanaged<CustomOp*, void*, IntPtr, void**, IntPtr> CreateKernel;
        public delegate* unmanaged<void*, IntPtr, IntPtr> Compute;
        public void* InferOutputShape;
        public delegate* unmanaged<CustomOp*, int> GetStartVersion;
        public delegate* unmanaged<CustomOp*, int> GetEndVersion;
        public void* GetMayInplace;
        public void* ReleaseMayInplace;
        public void* GetAliasMap;
        public void* ReleaseAliasMap;
    }
}
