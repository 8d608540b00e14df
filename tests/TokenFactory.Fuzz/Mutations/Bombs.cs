using System.Buffers.Binary;

namespace TokenFactory.Fuzz;

/// <summary>Adds nodes to a graph that make something huge of small constants, and hang their result on the graph's first output.</summary>
internal static class Bombs
{
    private static readonly long[] s_sizes = [1 << 20, 1 << 28, int.MaxValue, 1L << 32, 1L << 36, 1L << 45, 1L << 62, -1, 0];

    public static void Add(List<WireField> graph, Random random)
    {
        long size = s_sizes[random.Next(s_sizes.Length)], second = random.Next(3) == 0 ? s_sizes[random.Next(s_sizes.Length)] : 1;
        (string op, WireField[] weights, string[] inputs, WireField[] attributes) = Made(random.Next(9), size, second);
        string prefix = $"bomb{random.Next(1000)}_";
        foreach (WireField weight in weights)
        {
            List<WireField> named = [.. weight.Children!.Select(f => f.Number == 8 ? WireField.Of(8, prefix + f.Text) : f)];
            graph.Insert(0, WireField.Of(5, named));
        }

        int at = graph.FindLastIndex(f => f.Number == 1);
        string? output = graph.Find(f => f.Number == 12)?.Children?.Find(f => f.Number == 1)?.Text;
        graph.Insert(at + 1, WireField.Of(1, [.. inputs.Select(i => WireField.Of(1, i.Length == 0 ? "" : prefix + i)), WireField.Of(2, prefix + "huge"), WireField.Of(4, op), .. attributes]));
        if (output is null || random.Next(3) == 0)
        {
            return;
        }

        // The last node that makes the output makes something else now, and the output is that times the size of what is huge.
        WireField? maker = graph.FindLast(f => f.Number == 1 && f.Children!.Exists(c => c.Number == 2 && c.Text == output));
        int made = maker?.Children!.FindIndex(c => c.Number == 2 && c.Text == output) ?? -1;
        if (made >= 0)
        {
            maker!.Children![made] = WireField.Of(2, prefix + "was");
            graph.Insert(at + 2, WireField.Of(1, [WireField.Of(1, prefix + "huge"), WireField.Of(2, prefix + "sum"), WireField.Of(4, "ReduceSum"), WireField.Of(5, [WireField.Of(1, "keepdims"), WireField.Of(3, 0), WireField.Of(20, 2)])]));
            graph.Insert(at + 3, WireField.Of(1, [WireField.Of(1, prefix + "sum"), WireField.Of(2, prefix + "cast"), WireField.Of(4, "Cast"), WireField.Of(5, [WireField.Of(1, "to"), WireField.Of(3, 1), WireField.Of(20, 2)])]));
            graph.Insert(at + 4, WireField.Of(1, [WireField.Of(1, prefix + "was"), WireField.Of(1, prefix + "cast"), WireField.Of(2, output), WireField.Of(4, "Add")]));
        }
    }

    private static (string Op, WireField[] Weights, string[] Inputs, WireField[] Attributes) Made(int kind, long size, long second) => kind switch
    {
        0 => ("ConstantOfShape", [Longs("n", size, second)], ["n"], []),
        1 => ("Expand", [Floats("v", [1], 1), Longs("n", size, second)], ["v", "n"], []),
        2 => ("Tile", [Floats("v", [1, 1], 1), Longs("n", size, second)], ["v", "n"], []),
        3 => ("Range", [Scalar("a", 0), Scalar("b", size), Scalar("c", 1)], ["a", "b", "c"], []),
        4 => ("Pad", [Floats("v", [1], 1), Longs("n", 0, size)], ["v", "n"], []),
        5 => ("Resize", [Floats("v", [1, 1, 1, 1], 1), Longs("n", 1, 1, Math.Max(1, size), Math.Max(1, second))], ["v", "", "", "n"], []),
        6 => ("OneHot", [Longs("i", 0), Scalar("n", size), Floats("v", [2], 0, 1)], ["i", "n", "v"], []),
        7 => ("EyeLike", [Floats("v", [1, 1], 1)], ["v"], []),
        _ => ("RandomNormal", [], [], [WireField.Of(5, [WireField.Of(1, "shape"), WireField.Of(8, size), WireField.Of(8, second), WireField.Of(20, 7)])]),
    };

    private static WireField Longs(string name, params long[] values)
    {
        byte[] bytes = new byte[8 * values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8 * i), values[i]);
        }

        return WireField.Of(5, [WireField.Of(1, values.Length), WireField.Of(2, 7), WireField.Of(8, name), WireField.Of(9, bytes)]);
    }

    private static WireField Scalar(string name, long value)
    {
        WireField longs = Longs(name, value);
        longs.Children!.RemoveAt(0);
        return longs;
    }

    private static WireField Floats(string name, long[] shape, params float[] values)
    {
        byte[] bytes = new byte[4 * values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), values[i]);
        }

        return WireField.Of(5, [.. shape.Select(d => WireField.Of(1, d)), WireField.Of(2, 1), WireField.Of(8, name), WireField.Of(9, bytes)]);
    }
}
