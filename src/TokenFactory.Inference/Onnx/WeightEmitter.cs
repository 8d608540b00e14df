using System.Runtime.InteropServices;

namespace TokenFactory.Inference.Onnx;

/// <summary>Adds random weights and the products that use them to a graph, in the model's precision.</summary>
internal sealed class WeightEmitter
{
    /// <summary>Weights that share a scale.</summary>
    public const int Block = 32;

    private const int ChunkValues = 1 << 20;
    private const int AccuracyLevel = 4;
    private const float NormDeviation = 0.1f;

    private readonly GraphWriter _graph;
    private readonly SeededWeights _random;
    private readonly ModelPrecision _precision;
    private readonly Action<long> _written;
    private readonly CancellationToken _cancellation;

    /// <summary>Creates an emitter.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="precision">Precision of the products.</param>
    /// <param name="written">Called with the number of parameters after each piece.</param>
    /// <param name="cancellation">Ends the work between two pieces.</param>
    public WeightEmitter(GraphWriter graph, long seed, ModelPrecision precision, Action<long> written, CancellationToken cancellation)
    {
        _graph = graph;
        _random = new SeededWeights(seed);
        _precision = precision;
        _written = written;
        _cancellation = cancellation;
    }

    /// <summary>Element type of activations and cache.</summary>
    public OnnxType ActivationType => _precision == ModelPrecision.Fp16 ? OnnxType.Float16 : OnnxType.Float;

    /// <summary>Bits of quantized weights; 0 for floats.</summary>
    public int Bits => _precision switch { ModelPrecision.Int4 => 4, ModelPrecision.Int8 => 8, _ => 0 };

    /// <summary>A product y = x · W, W being [inner, outer], with deviation 1 / √inner.</summary>
    public string Product(string name, string input, int inner, int outer, string? output = null)
    {
        string result = output ?? $"/{name}/output";
        float deviation = 1 / MathF.Sqrt(inner);
        if (Bits > 0)
        {
            Quantized(name, outer, inner, deviation, quietRows: 0);
            QuantizedProduct(name, input, inner, outer, result);
        }
        else
        {
            Floats($"{name}.weight", inner, outer, 0, deviation, quietRows: 0);
            _graph.Node("MatMul", [input, $"{name}.weight"], [result]);
        }

        return result;
    }

    /// <summary>A float vector: a norm's weights (mean 1) or a bias (mean 0).</summary>
    public string Vector(string name, int length, float mean, float deviation = NormDeviation)
    {
        if (!_graph.HasWeight(name))
        {
            float[] values = new float[length];
            _random.Row(SeededWeights.Id(name), 0, mean, deviation, values);
            _written(length);
            Constant(name, [length], values);
        }

        return name;
    }

    /// <summary>Adds given floats in the activation's type.</summary>
    public string Constant(string name, ReadOnlySpan<long> shape, ReadOnlySpan<float> values)
    {
        if (ActivationType == OnnxType.Float)
        {
            return _graph.Weight(name, OnnxType.Float, shape, MemoryMarshal.AsBytes(values));
        }

        Half[] halves = new Half[values.Length];
        for (int i = 0; i < halves.Length; i++)
        {
            halves[i] = (Half)values[i];
        }

        return _graph.Weight(name, OnnxType.Float16, shape, MemoryMarshal.AsBytes<Half>(halves));
    }

    /// <summary>A float matrix of rows in the activation's type; the first rows can be made quiet (a fiftieth of the deviation).</summary>
    public string Floats(string name, int rows, int columns, float mean, float deviation, int quietRows) =>
        Floats(name, [rows, columns], mean, deviation, quietRows);

    /// <summary>A float tensor in the activation's type.</summary>
    public string Floats(string name, long[] shape, float mean, float deviation, int quietRows = 0)
    {
        int columns = (int)shape[^1];
        int rows = (int)shape[..^1].Aggregate(1L, (a, b) => checked(a * b));
        bool half = ActivationType == OnnxType.Float16;
        int size = half ? 2 : 4;
        ulong id = SeededWeights.Id(name);
        _graph.StreamedWeight(name, ActivationType, shape, (long)rows * columns * size, stream =>
            InChunks(stream, rows, columns, columns * size, (row, values, bytes) =>
            {
                _random.Row(id, row, mean, row < quietRows ? deviation / 50 : deviation, values);
                if (half)
                {
                    Span<Half> halves = MemoryMarshal.Cast<byte, Half>(bytes);
                    for (int i = 0; i < halves.Length; i++)
                    {
                        halves[i] = (Half)values[i];
                    }
                }
                else
                {
                    MemoryMarshal.AsBytes(values).CopyTo(bytes);
                }
            }));
        return name;
    }

    /// <summary>Weights and scales of [outer, inner], or of so many experts' [outer, inner], quantized along inner: <c>name.qweight</c>, <c>name.scales</c>.</summary>
    public void Quantized(string name, int outer, int inner, float deviation, int quietRows, int experts = 0)
    {
        int blocks = (inner + Block - 1) / Block;
        int blockBytes = BlockQuantizer.BlockBytes(Bits, Block);
        outer *= Math.Max(1, experts);
        float[] scales = new float[(long)outer * blocks];
        long[] shape = experts == 0 ? [outer, blocks, blockBytes] : [experts, outer / experts, blocks * blockBytes];
        long[] scaleShape = experts == 0 ? [outer, blocks] : [experts, outer / experts, blocks];
        ulong id = SeededWeights.Id(name);
        bool added = _graph.StreamedWeight($"{name}.qweight", OnnxType.UInt8, shape, (long)outer * blocks * blockBytes, stream =>
            InChunks(stream, outer, inner, blocks * blockBytes, (row, values, bytes) =>
            {
                _random.Row(id, row, 0, row < quietRows ? deviation / 50 : deviation, values);
                BlockQuantizer.Quantize(values, Bits, Block, bytes, scales.AsSpan((int)(row * blocks), blocks));
            }));
        if (added)
        {
            Constant($"{name}.scales", scaleShape, scales);
        }
    }

    /// <summary>The product with weights that <see cref="Quantized"/> added.</summary>
    public void QuantizedProduct(string name, string input, int inner, int outer, string output) =>
        _graph.Node(OnnxOps.MatMulNBits, [input, $"{name}.qweight", $"{name}.scales"], [output], OnnxOps.Microsoft,
            ("K", inner), ("N", outer), ("bits", Bits), ("block_size", Block), ("accuracy_level", AccuracyLevel));

    private delegate void MakeRow(long row, Span<float> values, Span<byte> bytes);

    // Rows are independent, so a chunk's rows are made on all cores; the chunk bounds the memory and the time to a cancellation.
    private void InChunks(Stream stream, int rows, int columns, int rowBytes, MakeRow make)
    {
        int chunk = Math.Max(1, ChunkValues / columns);
        byte[] buffer = new byte[(long)Math.Min(chunk, rows) * rowBytes];
        var options = new ParallelOptions { CancellationToken = _cancellation };
        for (int first = 0; first < rows; first += chunk)
        {
            int start = first;
            int count = Math.Min(chunk, rows - first);
            Parallel.For(0, count, options, () => new float[columns], (i, _, values) =>
            {
                make(start + i, values, buffer.AsSpan(i * rowBytes, rowBytes));
                return values;
            }, _ => { });
            stream.Write(buffer, 0, count * rowBytes);
            _written((long)count * columns);
        }
    }
}
