using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Entry = TokenFactory.Inference.Kernels.OrtApi.Entry;

namespace TokenFactory.Inference.Kernels;

/// <summary>Our product of activations and 4-bit weights as an operator of ONNX Runtime: inputs and attributes are those of <c>MatMulNBits</c>.</summary>
/// <remarks>
/// ONNX Runtime calls these functions from its threads, so none may throw. What describes the operator is made once and never released:
/// sessions point to it.
/// </remarks>
internal static unsafe class Int4Operator
{
    /// <summary>Domain of the operator; no published model has it.</summary>
    public const string Domain = "tokenfactory";

    /// <summary>Name of the operator.</summary>
    public const string Name = "MatMulInt4";

    private const int Inputs = 6;
    private const int TypeFloat = 1, TypeUInt8 = 2, TypeInt32 = 6;

    // Products below this are not worth waking another thread, multiply-adds.
    private const long ParallelWork = 200_000;
    private const int ColumnsOfChunk = 32;

    private static readonly byte* s_name = (byte*)Marshal.StringToCoTaskMemUTF8(Name);
    private static readonly IntPtr s_domain = CreateDomain();

    [ThreadStatic]
    private static QuantizedRows? t_rows;

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
        op->GetOutputCharacteristic = &GetRequired;
        op->GetInputMemoryType = &GetRequired;
        op->GetVariadicInputMinArity = &GetOne;
        op->GetVariadicInputHomogeneity = &GetOne;
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
    private static int GetInputType(CustomOp* op, nuint index) => index switch { 1 or 3 => TypeUInt8, 4 => TypeInt32, _ => TypeFloat };

    [UnmanagedCallersOnly]
    private static nuint GetInputCount(CustomOp* op) => Inputs;

    [UnmanagedCallersOnly]
    private static int GetOutputType(CustomOp* op, nuint index) => TypeFloat;

    [UnmanagedCallersOnly]
    private static nuint GetOutputCount(CustomOp* op) => 1;

    [UnmanagedCallersOnly]
    private static int GetInputCharacteristic(CustomOp* op, nuint index) => index >= 3 ? 1 : 0;

    [UnmanagedCallersOnly]
    private static int GetRequired(CustomOp* op, nuint index) => 0;

    [UnmanagedCallersOnly]
    private static int GetOne(CustomOp* op) => 1;

    [UnmanagedCallersOnly]
    private static int GetLast(CustomOp* op) => int.MaxValue;

    [UnmanagedCallersOnly]
    private static IntPtr Create(CustomOp* op, void* api, IntPtr info, void** kernel)
    {
        try
        {
            *kernel = NativeMemory.Alloc((nuint)sizeof(Kernel));
            *(Kernel*)*kernel = new Kernel(info);
            return 0;
        }
        catch (Exception e)
        {
            NativeMemory.Free(*kernel);
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
            Run(*(Kernel*)kernel, context);
            return 0;
        }
        catch (Exception e)
        {
            return OrtApi.Fail(e.Message);
        }
    }

    private static void Run(in Kernel kernel, IntPtr context)
    {
        IntPtr input, output;
        OrtApi.Check(((delegate* unmanaged<IntPtr, nuint, IntPtr*, IntPtr>)OrtApi.Function(Entry.KernelContextGetInput))(context, 0, &input));
        long* shape = stackalloc long[8];
        int rank = Tensors.Shape(input, shape, 8);
        if (rank < 1 || shape[rank - 1] != kernel.Weights.Inner)
        {
            throw new InvalidOperationException($"Rows of {(rank < 1 ? 0 : shape[rank - 1])} activations meet weights of {kernel.Weights.Inner}.");
        }

        long rowCount = 1;
        for (int i = 0; i < rank - 1; i++)
        {
            rowCount *= shape[i];
        }

        shape[rank - 1] = kernel.Weights.Outer;
        OrtApi.Check(((delegate* unmanaged<IntPtr, nuint, long*, nuint, IntPtr*, IntPtr>)OrtApi.Function(Entry.KernelContextGetOutput))(context, 0, shape, (nuint)rank, &output));
        if (rowCount == 0)
        {
            return;
        }

        QuantizedRows rows = t_rows ??= new QuantizedRows();
        rows.Reserve(checked((int)rowCount), kernel.Weights.Inner, kernel.Weights.BlockSize);
        var work = new Work
        {
            Kernel = (Kernel*)Unsafe.AsPointer(ref Unsafe.AsRef(in kernel)),
            Rows = rows.Handle,
            RowCount = (int)rowCount,
            Source = (float*)Tensors.Data(input),
            Target = (float*)Tensors.Data(output),
        };
        if (rowCount == 1)
        {
            rows.Quantize(work.Source, 0, kernel.Weights.Inner, kernel.Weights.BlockSize);
        }
        else
        {
            Parallel(context, &QuantizePart, (int)rowCount, rowCount * kernel.Weights.Inner * 16, &work);
        }

        Parallel(context, &MultiplyPart, (kernel.Weights.Outer + ColumnsOfChunk - 1) / ColumnsOfChunk, rowCount * kernel.Weights.Inner * kernel.Weights.Outer, &work);
    }

    private static void Parallel(IntPtr context, delegate* unmanaged[Cdecl]<void*, nuint, void> part, int parts, long operations, Work* work)
    {
        if (operations < ParallelWork || parts == 1)
        {
            for (int i = 0; i < parts; i++)
            {
                part(work, (nuint)i);
            }

            return;
        }

        OrtApi.Check(((delegate* unmanaged<IntPtr, delegate* unmanaged[Cdecl]<void*, nuint, void>, nuint, nuint, void*, IntPtr>)OrtApi.Function(Entry.KernelContextParallelFor))(
            context, part, (nuint)parts, 0, work));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void QuantizePart(void* data, nuint row)
    {
        Work* work = (Work*)data;
        Int4Weights weights = work->Kernel->Weights;
        work->QuantizedRows.Quantize(work->Source + ((long)row * weights.Inner), (int)row, weights.Inner, weights.BlockSize);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void MultiplyPart(void* data, nuint part)
    {
        Work* work = (Work*)data;
        Int4Weights weights = work->Kernel->Weights;
        int first = (int)part * ColumnsOfChunk;
        Int4MatrixKernel.Multiply(weights, work->QuantizedRows, 0, work->RowCount, first, Math.Min(ColumnsOfChunk, weights.Outer - first), work->Target, weights.Outer, work->Kernel->Bias);
    }

    private struct Work
    {
        public Kernel* Kernel;
        public IntPtr Rows;
        public int RowCount;
        public float* Source;
        public float* Target;

        public readonly QuantizedRows QuantizedRows => Unsafe.As<QuantizedRows>(GCHandle.FromIntPtr(Rows).Target!);
    }

    // A node's weights. They are constants of the model, which its session keeps.
    private readonly struct Kernel
    {
        public readonly Int4Weights Weights;
        public readonly float* Bias;

        public Kernel(IntPtr info)
        {
            int inner = Attribute(info, "K"u8), outer = Attribute(info, "N"u8), blockSize = Attribute(info, "block_size"u8);
            if (!Int4MatrixKernel.CanRun(inner, outer, blockSize))
            {
                throw new InvalidOperationException($"A product of {inner} × {outer} in blocks of {blockSize} is not one that is computed here.");
            }

            long blocks = inner / blockSize;
            Weights = new Int4Weights(
                (byte*)Constant(info, 1, outer * blocks * blockSize / 2),
                (float*)Constant(info, 2, outer * blocks),
                (byte*)Constant(info, 3, outer * ((blocks + 1) / 2), optional: true),
                inner, outer, blockSize);
            Bias = (float*)Constant(info, 5, outer, optional: true);
        }

        private static int Attribute(IntPtr info, ReadOnlySpan<byte> name)
        {
            long value;
            fixed (byte* text = name)
            {
                OrtApi.Check(((delegate* unmanaged<IntPtr, byte*, long*, IntPtr>)OrtApi.Function(Entry.KernelInfoGetAttributeInt64))(info, text, &value));
            }

            return checked((int)value);
        }

        private static void* Constant(IntPtr info, nuint index, long elements, bool optional = false)
        {
            int isConstant = 0;
            IntPtr value = 0;
            OrtApi.Check(((delegate* unmanaged<IntPtr, nuint, int*, IntPtr*, IntPtr>)OrtApi.Function(Entry.KernelInfoGetConstantInputTensor))(info, index, &isConstant, &value));
            if (value == 0 || isConstant == 0)
            {
                return optional ? null : throw new InvalidOperationException("Weights that are no constants are not computed with here.");
            }

            return Tensors.Elements(value) == elements
                ? Tensors.Data(value)
                : throw new InvalidOperationException($"Input {index} has {Tensors.Elements(value)} elements and needs {elements}.");
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
