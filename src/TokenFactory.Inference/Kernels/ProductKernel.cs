using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Entry = TokenFactory.Inference.Kernels.OrtApi.Entry;

namespace TokenFactory.Inference.Kernels;

/// <summary>One node of <see cref="Int4Operator"/>: products of the same rows with one to three int4 matrices.</summary>
/// <remarks>Lives in native memory from the node's creation to the session's end. The weights are the session's own tensors.</remarks>
internal unsafe struct ProductKernel
{
    /// <summary>Most matrices of a node.</summary>
    public const int MostMatrices = 3;

    private const int MostRank = 8;

    // Parts of a product begin at multiples of this many columns.
    private const int Grain = 16;

    // Rows that are quantized by the calling thread: waking the others takes longer.
    private const int FewRows = 8;

    private readonly int _threads;
    private readonly int _inner;
    private readonly int _blockSize;
    private readonly int _count;
    private readonly GateActivationKind _gate;
    private readonly int _sumOutput;
    private readonly float _epsilon;
    private readonly float* _gamma;
    private Matrices _matrices;

    /// <summary>Reads a node; every tensor is held against the node's dimensions.</summary>
    /// <param name="info">The node.</param>
    /// <exception cref="InvalidOperationException">They do not fit.</exception>
    public ProductKernel(IntPtr info)
    {
        _count = Attribute(info, "matrices"u8);
        _gate = (GateActivationKind)Attribute(info, "gate"u8);
        _threads = Math.Clamp(Attribute(info, "threads"u8), 1, 1024);
        _inner = Attribute(info, "K"u8);
        _blockSize = Attribute(info, "block_size"u8);
        bool zeroPoints = Attribute(info, "zero_points"u8) != 0, bias = Attribute(info, "bias"u8) != 0;
        if (_count is < 1 or > MostMatrices || (_gate != GateActivationKind.None && _count != 2))
        {
            throw new InvalidOperationException($"A product of {_count} matrices is not one that is computed here.");
        }

        nuint input = 1;
        if (Attribute(info, "norm"u8) != 0)
        {
            _epsilon = FloatAttribute(info, "epsilon"u8);
            _sumOutput = Attribute(info, "sum"u8) == 0 ? 0 : _gate != GateActivationKind.None ? 1 : _count;
            _gamma = (float*)Constant(info, 2, Tensors.Float, _inner);
            input = 3;
        }

        for (int i = 0; i < _count; i++)
        {
            int outer = Attribute(info, i switch { 0 => "N0"u8, 1 => "N1"u8, _ => "N2"u8 });
            if (!Int4MatrixKernel.CanRun(_inner, outer, _blockSize) || (_gate != GateActivationKind.None && i > 0 && outer != _matrices[0].Weights.Outer))
            {
                throw new InvalidOperationException($"A product of {_inner} × {outer} in blocks of {_blockSize} is not one that is computed here.");
            }

            long perColumn = _inner / _blockSize;
            void* blocks = Constant(info, input++, Tensors.Byte, outer * perColumn * (_blockSize / 2));
            void* scales = Constant(info, input++, Tensors.Float, outer * perColumn);
            void* zeros = zeroPoints ? Constant(info, input++, Tensors.Byte, outer * ((perColumn + 1) / 2)) : null;
            void* addend = bias ? Constant(info, input++, Tensors.Float, outer) : null;
            _matrices[i] = new Matrix { Weights = new Int4Weights((byte*)blocks, (float*)scales, (byte*)zeros, _inner, outer, _blockSize), Bias = (float*)addend };
        }
    }

    /// <summary>Computes the node's outputs.</summary>
    /// <param name="kernel">The node.</param>
    /// <param name="context">The run.</param>
    /// <exception cref="InvalidOperationException">The rows have another length, or ONNX Runtime failed.</exception>
    public static void Run(ProductKernel* kernel, IntPtr context)
    {
        long* shape = stackalloc long[MostRank];
        float* source = kernel->Rows(context, 0, shape, out int rank, out int rows);
        Work work = new() { Kernel = kernel, Source = source, RowCount = rows };
        if (kernel->_gamma is not null)
        {
            long* skipShape = stackalloc long[MostRank];
            work.Skip = kernel->Rows(context, 1, skipShape, out _, out work.SkipRows);
            if (work.SkipRows == 0 ? work.RowCount != 0 : work.RowCount % work.SkipRows != 0)
            {
                throw new InvalidOperationException($"{work.SkipRows} rows can't be added to {work.RowCount}.");
            }

            work.Sums = kernel->_sumOutput == 0 ? null : Output(context, kernel->_sumOutput, shape, rank);
        }

        int outputs = kernel->_gate != GateActivationKind.None ? 1 : kernel->_count;
        for (int i = 0; i < outputs; i++)
        {
            shape[rank - 1] = kernel->_matrices[i].Weights.Outer;
            work.Targets[i] = (IntPtr)Output(context, i, shape, rank);
        }

        if (work.RowCount > 0)
        {
            Run(&work, context);
        }
    }

    private static void Run(Work* work, IntPtr context)
    {
        ProductKernel* kernel = work->Kernel;
        ProductScratch scratch = ProductScratch.Rent();
        try
        {
            scratch.Rows.Reserve(work->RowCount, kernel->_inner, kernel->_blockSize);
            work->Scratch = scratch.Handle;
            int units = Units(kernel->_matrices[0].Weights.Outer);
            if (kernel->_gate != GateActivationKind.None)
            {
                scratch.ReserveFloats((long)work->RowCount * kernel->_matrices[0].Weights.Outer);
            }
            else
            {
                for (int i = 1; i < kernel->_count; i++)
                {
                    units += Units(kernel->_matrices[i].Weights.Outer);
                }
            }

            work->Units = units;
            work->Parts = kernel->Parts(units);
            if (work->RowCount <= FewRows)
            {
                for (int row = 0; row < work->RowCount; row++)
                {
                    kernel->Quantize(work, scratch.Rows, row);
                }
            }
            else
            {
                Parallel(context, &QuantizeRow, work->RowCount, work);
            }

            Parallel(context, &MultiplyPart, work->Parts, work);
        }
        finally
        {
            scratch.Return();
        }
    }

    // Depends on the matrices alone, never on the rows: a row's columns are computed in the same pieces whatever is beside it.
    private readonly int Parts(int units)
    {
        const long PartBytes = 64 << 10;
        long bytes = (long)units * Grain * _inner / 2;
        return _threads == 1 ? 1 : (int)Math.Clamp(bytes / PartBytes, Math.Min(units, _threads), Math.Min(units, 2L * _threads));
    }

    private static int Units(int columns) => (columns + Grain - 1) / Grain;

    private static void Parallel(IntPtr context, delegate* unmanaged[Cdecl]<void*, nuint, void> part, int parts, Work* work)
    {
        if (parts == 1)
        {
            part(work, 0);
        }
        else
        {
            OrtApi.Check(((delegate* unmanaged<IntPtr, delegate* unmanaged[Cdecl]<void*, nuint, void>, nuint, nuint, void*, IntPtr>)OrtApi.Function(Entry.KernelContextParallelFor))(
                context, part, (nuint)parts, 0, work));
        }

        if (work->Failed != 0)
        {
            throw new InvalidOperationException("A part of a product failed.");
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void QuantizeRow(void* data, nuint row)
    {
        Work* work = (Work*)data;
        try
        {
            work->Kernel->Quantize(work, ProductScratch.Of(work->Scratch).Rows, (int)row);
        }
        catch (Exception)
        {
            work->Failed = 1;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void MultiplyPart(void* data, nuint part)
    {
        Work* work = (Work*)data;
        try
        {
            work->Kernel->Multiply(work, (int)part);
        }
        catch (Exception)
        {
            work->Failed = 1;
        }
    }

    private readonly void Quantize(Work* work, QuantizedRows target, int row)
    {
        float* source = work->Source + ((long)row * _inner);
        if (_gamma is null)
        {
            target.Quantize(source, row, _inner, _blockSize);
            return;
        }

        float* room = stackalloc float[_inner + (work->Sums is null ? _inner : 0)];
        float* sum = work->Sums is null ? room + _inner : work->Sums + ((long)row * _inner);
        RootMeanSquare.Normalize(source, work->Skip + ((long)(row % work->SkipRows) * _inner), _gamma, _epsilon, _inner, sum, room);
        target.Quantize(room, row, _inner, _blockSize);
    }

    private void Multiply(Work* work, int part)
    {
        int from = (int)((long)work->Units * part / work->Parts);
        int to = (int)((long)work->Units * (part + 1) / work->Parts);
        ProductScratch scratch = ProductScratch.Of(work->Scratch);
        if (_gate != GateActivationKind.None)
        {
            int outer = _matrices[0].Weights.Outer, column = from * Grain, columns = Math.Min(to * Grain, outer) - column;
            float* gate = (float*)work->Targets[0];
            Int4MatrixKernel.Multiply(_matrices[0].Weights, scratch.Rows, 0, work->RowCount, column, columns, gate, outer, _matrices[0].Bias);
            Int4MatrixKernel.Multiply(_matrices[1].Weights, scratch.Rows, 0, work->RowCount, column, columns, scratch.Floats, outer, _matrices[1].Bias);
            for (int row = 0; row < work->RowCount; row++)
            {
                long at = ((long)row * outer) + column;
                GateActivations.Apply(_gate, gate + at, scratch.Floats + at, columns);
            }

            return;
        }

        int start = 0;
        for (int i = 0; i < _count; i++)
        {
            int outer = _matrices[i].Weights.Outer;
            int low = Math.Max(from - start, 0), high = Math.Min(to - start, Units(outer));
            if (low < high)
            {
                int column = low * Grain;
                Int4MatrixKernel.Multiply(_matrices[i].Weights, scratch.Rows, 0, work->RowCount, column, Math.Min(high * Grain, outer) - column, (float*)work->Targets[i], outer, _matrices[i].Bias);
            }

            start += Units(outer);
        }
    }

    // An input of rows as long as the matrices need, whatever its other dimensions are.
    private readonly float* Rows(IntPtr context, nuint index, long* shape, out int rank, out int rows)
    {
        IntPtr input;
        OrtApi.Check(((delegate* unmanaged<IntPtr, nuint, IntPtr*, IntPtr>)OrtApi.Function(Entry.KernelContextGetInput))(context, index, &input));
        rank = Tensors.Shape(input, shape, MostRank, out int type);
        if (rank < 1 || shape[rank - 1] != _inner || type != Tensors.Float)
        {
            throw new InvalidOperationException($"Rows of {(rank < 1 ? 0 : shape[rank - 1])} activations meet weights of {_inner}.");
        }

        long count = 1;
        for (int i = 0; i < rank - 1; i++)
        {
            count = checked(count * shape[i]);
        }

        rows = checked((int)count);
        return (float*)Tensors.Data(input);
    }

    private static float* Output(IntPtr context, int index, long* shape, int rank)
    {
        IntPtr output;
        OrtApi.Check(((delegate* unmanaged<IntPtr, nuint, long*, nuint, IntPtr*, IntPtr>)OrtApi.Function(Entry.KernelContextGetOutput))(context, (nuint)index, shape, (nuint)rank, &output));
        return (float*)Tensors.Data(output);
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

    private static float FloatAttribute(IntPtr info, ReadOnlySpan<byte> name)
    {
        float value;
        fixed (byte* text = name)
        {
            OrtApi.Check(((delegate* unmanaged<IntPtr, byte*, float*, IntPtr>)OrtApi.Function(Entry.KernelInfoGetAttributeFloat))(info, text, &value));
        }

        return value;
    }

    private static void* Constant(IntPtr info, nuint index, int type, long elements)
    {
        int isConstant = 0;
        IntPtr value = 0;
        OrtApi.Check(((delegate* unmanaged<IntPtr, nuint, int*, IntPtr*, IntPtr>)OrtApi.Function(Entry.KernelInfoGetConstantInputTensor))(info, index, &isConstant, &value));
        if (value == 0 || isConstant == 0)
        {
            throw new InvalidOperationException("Weights that are no constants are not computed with here.");
        }

        long* shape = stackalloc long[MostRank];
        _ = Tensors.Shape(value, shape, MostRank, out int found);
        return Tensors.Elements(value) == elements && found == type
            ? Tensors.Data(value)
            : throw new InvalidOperationException($"Input {index} has {Tensors.Elements(value)} elements of type {found} and needs {elements} of type {type}.");
    }

    private struct Matrix
    {
        public Int4Weights Weights;
        public float* Bias;
    }

    [InlineArray(MostMatrices)]
    private struct Matrices
    {
        private Matrix _first;
    }

    [InlineArray(MostMatrices)]
    private struct Pointers
    {
        private IntPtr _first;
    }

    private struct Work
    {
        public ProductKernel* Kernel;
        public float* Source;
        public float* Skip;
        public float* Sums;
        public Pointers Targets;
        public IntPtr Scratch;
        public int RowCount;
        public int SkipRows;
        public int Units;
        public int Parts;
        public int Failed;
    }
}
