using System.Globalization;
using System.Runtime.InteropServices;

namespace TokenFactory.Hardware.Roofline;

/// <summary>A chain of square matrix products as a decoder's linear layers are: <c>[rows, size] × [size, size]</c>, weights inside the graph.</summary>
/// <remarks>
/// fp32 and fp16 are MatMul; int8 and int4 are <c>com.microsoft.MatMulNBits</c> with blocks of 32 and one fp32 scale each, accuracy
/// level 4 (activations in int8), as published int4 models are. Weights are uniform with variance 1/size, so that the values keep
/// their size along the chain.
/// </remarks>
internal sealed record MatrixGraph(string Precision, int Size, int Layers)
{
    public const int BlockSize = 32;
    private const int FloatType = 1;
    private const int ByteType = 2;
    private const int HalfType = 10;

    /// <summary>Bytes of one layer's weights with their scales.</summary>
    public static long LayerBytes(string precision, int size) => precision switch
    {
        "fp32" => 4L * size * size,
        "fp16" => 2L * size * size,
        "int8" => ((long)size * size) + ((long)size * size / BlockSize * 4),
        "int4" => ((long)size * size / 2) + ((long)size * size / BlockSize * 4),
        _ => throw new ArgumentOutOfRangeException(nameof(precision), precision, "The precision is fp32, fp16, int8 or int4."),
    };

    public long WeightBytes => Layers * LayerBytes(Precision, Size);

    public byte[] Build()
    {
        int type = Precision == "fp16" ? HalfType : FloatType;
        var graph = new OnnxBytes().Text(2, "roofline");
        string input = "x";
        var random = new Random(1);
        
        for (int layer = 0; layer < Layers; layer++)
        {
            string name = layer.ToString(CultureInfo.InvariantCulture);
            byte[][] weights = Weights(random);
            string output = layer == Layers - 1 ? "y" : "h" + name;
            graph.Message(1, Product(input, name, output));
            if (Precision is "int8" or "int4")
            {
                int blocks = Size / BlockSize;
                graph.Message(5, Tensor("w" + name, ByteType, weights[0], Size, blocks, BlockSize * Bits / 8));
                graph.Message(5, Tensor("s" + name, FloatType, weights[1], Size, blocks));
            }
            else
            {
                graph.Message(5, Tensor("w" + name, type, weights[0], Size, Size));
            }

            input = output;
        }

        graph.Message(11, Value("x", type)).Message(12, Value("y", type));
        return new OnnxBytes()
            .Number(1, 10)
            .Text(2, "TokenFactory.Tools")
            .Message(7, graph)
            .Message(8, new OnnxBytes().Text(1, "").Number(2, 21))
            .Message(8, new OnnxBytes().Text(1, "com.microsoft").Number(2, 1))
            .ToArray();
    }

    private int Bits => Precision == "int4" ? 4 : 8;

    private OnnxBytes Product(string input, string layer, string output)
    {
        var node = new OnnxBytes().Text(1, input).Text(1, "w" + layer);
        if (Precision is not ("int8" or "int4"))
        {
            return node.Text(2, output).Text(3, "product" + layer).Text(4, "MatMul");
        }

        return node.Text(1, "s" + layer).Text(2, output).Text(3, "product" + layer).Text(4, "MatMulNBits")
            .Message(5, Integer("K", Size)).Message(5, Integer("N", Size)).Message(5, Integer("bits", Bits))
            .Message(5, Integer("block_size", BlockSize)).Message(5, Integer("accuracy_level", 4))
            .Text(7, "com.microsoft");
    }

    private byte[][] Weights(Random random)
    {
        double spread = Math.Sqrt(3.0 / Size);
        if (Precision == "fp32")
        {
            float[] values = new float[Size * Size];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (float)(((random.NextSingle() * 2) - 1) * spread);
            }

            return [MemoryMarshal.AsBytes(values.AsSpan()).ToArray()];
        }

        if (Precision == "fp16")
        {
            Half[] values = new Half[Size * Size];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (Half)(((random.NextSingle() * 2) - 1) * spread);
            }

            return [MemoryMarshal.AsBytes(values.AsSpan()).ToArray()];
        }

        byte[] blobs = new byte[Size * (long)Size * Bits / 8];
        random.NextBytes(blobs);
        float[] scales = new float[Size * Size / BlockSize];
        Array.Fill(scales, (float)(spread / (1 << (Bits - 1))));
        return [blobs, MemoryMarshal.AsBytes(scales.AsSpan()).ToArray()];
    }

    private OnnxBytes Value(string name, int type) => new OnnxBytes().Text(1, name).Message(2, new OnnxBytes().Message(1, new OnnxBytes()
        .Number(1, type)
        .Message(2, new OnnxBytes().Message(1, new OnnxBytes().Text(2, "rows")).Message(1, new OnnxBytes().Number(1, Size)))));

    private static OnnxBytes Integer(string name, long value) => new OnnxBytes().Text(1, name).Number(3, value).Number(20, 2);

    private static OnnxBytes Tensor(string name, int type, byte[] data, params ReadOnlySpan<int> dimensions)
    {
        var tensor = new OnnxBytes();
        foreach (int dimension in dimensions)
        {
            tensor.Number(1, dimension);
        }

        return tensor.Number(2, type).Text(8, name).Bytes(9, data);
    }
}
