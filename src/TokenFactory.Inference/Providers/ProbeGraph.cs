using System.Text;

namespace TokenFactory.Inference.Providers;

/// <summary>A graph of one matrix product, <c>y[2,2] = x[2,2] · x[2,2]</c>, in ONNX's protobuf form: enough to see that a provider works.</summary>
internal static class ProbeGraph
{
    /// <summary>The serialized model (IR version 8, opset 13).</summary>
    public static byte[] Bytes()
    {
        byte[] node = Message(1, Text(1, "x"), Text(1, "x"), Text(2, "y"), Text(4, "MatMul"));
        byte[] graph = Message(7, node, Text(2, "probe"), Value(11, "x"), Value(12, "y"));
        return [.. Number(1, 8), .. graph, .. Message(8, Text(1, ""), Number(2, 13))];
    }

    // ValueInfoProto: name, type.tensor_type{elem_type float, shape{dim 2, dim 2}}.
    private static byte[] Value(int field, string name)
    {
        byte[] dimension = Message(1, Number(1, 2));
        return Message(field, Text(1, name), Message(2, Message(1, Number(1, 1), Message(2, dimension, dimension))));
    }

    private static byte[] Text(int field, string value) => Message(field, Encoding.ASCII.GetBytes(value));

    private static byte[] Number(int field, byte value) => [(byte)(field << 3), value];

    // All lengths here are below 128: one byte each.
    private static byte[] Message(int field, params byte[][] parts)
    {
        byte[] body = [.. parts.SelectMany(p => p)];
        return [(byte)((field << 3) | 2), checked((byte)body.Length), .. body];
    }
}
