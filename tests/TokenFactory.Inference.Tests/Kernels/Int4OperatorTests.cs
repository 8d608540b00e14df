using Microsoft.ML.OnnxRuntime;
using TokenFactory.Inference.Kernels;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;
using Xunit;

namespace TokenFactory.Inference.Tests.Kernels;

/// <summary>Our operator inside ONNX Runtime against ONNX Runtime's own products.</summary>
public sealed class Int4OperatorTests : IDisposable
{
    private const string FolderEntry = "session.model_external_initializers_file_folder_path";

    private static readonly (string, long)[] s_none = [("gate", 0), ("norm", 0), ("sum", 0), ("zero_points", 0), ("bias", 0)];

    private static readonly string[] s_outputs = ["q", "k", "v", "y"];

    private readonly string _root = Directory.CreateTempSubdirectory("tokenfactory-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(64, 96, 32, false, false, false)]
    [InlineData(64, 96, 32, true, false, false)]
    [InlineData(64, 96, 32, false, true, true)]
    [InlineData(96, 33, 32, true, true, true)]
    [InlineData(256, 72, 128, false, false, false)]
    [InlineData(384, 72, 128, true, true, false)]
    [InlineData(576, 1536, 32, false, false, true)]
    [InlineData(576, 96, 64, true, false, false, true)]
    [InlineData(96, 64, 32, false, true, true, true)]
    public void Products_AreThoseOfOnnxRuntime(int inner, int outer, int block, bool zeroPoints, bool bias, bool inline, bool norm = false)
    {
        Assert.SkipUnless(Int4Operator.IsAvailable, "this machine has no int4 kernels");
        string path = new ProductGraph(inner, outer, block, zeroPoints, bias, inline) { Norm = norm }.Write(_root);
        (byte[] rewritten, _, int products, int others) = KernelGraph.Rewrite(path, 2)!.Value;
        Assert.Equal((5, 0), (products, others));
        List<OnnxNode> nodes = OnnxReader.Read(new MemoryStream(rewritten)).Graph.Nodes;
        Assert.Equal(2, nodes.Count);
        Assert.All(nodes, n => Assert.Equal((Int4Operator.Domain, Int4Operator.Name), (n.Domain, n.Op)));
        Assert.True(!inline || rewritten.Length < new FileInfo(path).Length, "the matrices stay in their file");
        using InferenceSession theirs = new(path);
        using InferenceSession ours = Open(rewritten);
        foreach (int rows in new[] { 1, 2, 3, 8, 17, 40 })
        {
            float[] x = Rows(rows, inner);
            float[][] expected = Run(theirs, x, rows);
            float[][] actual = Run(ours, x, rows);
            for (int i = 0; i < expected.Length; i++)
            {
                // Both round the rows to eight bits by block, maybe not in the same places.
                double scale = Math.Sqrt(expected[i].Average(v => (double)v * v));
                Assert.All(expected[i].Zip(actual[i]), p => Assert.Equal(p.First, p.Second, 0.02 * scale));
            }
        }
    }

    [Fact]
    public void Row_HasTheSameBitsWhateverIsBesideIt_AndOnAnyThreads()
    {
        Assert.SkipUnless(Int4Operator.IsAvailable, "this machine has no int4 kernels");
        string path = new ProductGraph(576, 640, 32, true, false, false).Write(_root);
        float[] x = Rows(40, 576);
        using InferenceSession one = Open(KernelGraph.Rewrite(path, 1)!.Value.Model, 1);
        using InferenceSession three = Open(KernelGraph.Rewrite(path, 3)!.Value.Model, 3);
        float[][] all = Run(three, x, 40);
        for (int row = 0; row < 40; row++)
        {
            foreach (InferenceSession session in new[] { one, three })
            {
                float[][] alone = Run(session, x[(row * 576)..((row + 1) * 576)], 1);
                for (int i = 0; i < alone.Length; i++)
                {
                    Assert.Equal(all[i][(row * alone[i].Length)..((row + 1) * alone[i].Length)], alone[i]);
                }
            }
        }
    }

    [Fact]
    public void Runs_OfOneSessionAndOfSeveralAtOnce_DoNotDisturbEachOther()
    {
        Assert.SkipUnless(Int4Operator.IsAvailable, "this machine has no int4 kernels");
        string path = new ProductGraph(256, 320, 32, false, true, false).Write(_root);
        byte[] bytes = KernelGraph.Rewrite(path, 2)!.Value.Model;
        using InferenceSession first = Open(bytes);
        using InferenceSession second = Open(bytes);
        float[][] inputs = [.. Enumerable.Range(0, 12).Select(i => Rows(1 + (i * 3), 256, i))];
        float[][][] expected = [.. inputs.Select(x => Run(first, x, x.Length / 256))];
        Parallel.For(0, 120, new ParallelOptions { MaxDegreeOfParallelism = 6 }, i =>
        {
            float[] x = inputs[i % inputs.Length];
            Assert.Equal(expected[i % inputs.Length], Run(i % 2 == 0 ? first : second, x, x.Length / 256));
        });
    }

    [Fact]
    public void Graph_OfAnotherAccuracy_IsLeftAlone()
    {
        string path = new ProductGraph(64, 96, 32, false, false, false) { AccuracyLevel = 0 }.Write(_root);
        Assert.Null(KernelGraph.Rewrite(path, 1));
    }

    [Fact]
    public void Matrix_OfAnotherSizeThanItsDimensions_IsLeftToOnnxRuntime()
    {
        string path = new ProductGraph(64, 96, 32, false, false, false) { MissingScales = 5 }.Write(_root);
        RewrittenGraph? rewritten = KernelGraph.Rewrite(path, 1);
        Assert.Equal(Int4Operator.IsAvailable ? (4, 1) : (0, 0), (rewritten?.Products ?? 0, rewritten?.OtherProducts ?? 0));
    }

    [Theory]
    [InlineData("N0", 97)]
    [InlineData("N0", 0)]
    [InlineData("N0", -1)]
    [InlineData("K", 96)]
    [InlineData("K", 1L << 40)]
    [InlineData("block_size", 0)]
    [InlineData("block_size", 31)]
    [InlineData("matrices", 4)]
    [InlineData("matrices", 2)]
    [InlineData("zero_points", 1)]
    [InlineData("bias", 1)]
    public void Node_WhoseWeightsDoNotFit_IsRefusedByTheOperatorItself(string attribute, long value)
    {
        Assert.SkipUnless(Int4Operator.IsAvailable, "this machine has no int4 kernels");
        Assert.Throws<OnnxRuntimeException>(() => Open(Node([("matrices", 1), ("K", 64), ("N0", 96), ("block_size", 32), ("threads", 1), .. s_none], attribute, value)).Dispose());
        Open(Node([("matrices", 1), ("K", 64), ("N0", 96), ("block_size", 32), ("threads", 1), .. s_none], "gate", 0)).Dispose();
    }

    [Fact]
    public void Rows_OfAnotherLength_AreAnErrorAndNoCrash()
    {
        Assert.SkipUnless(Int4Operator.IsAvailable, "this machine has no int4 kernels");
        using InferenceSession session = Open(Node([("matrices", 1), ("K", 64), ("N0", 96), ("block_size", 32), ("threads", 1), .. s_none], "gate", 0));
        using RunOptions run = new();
        foreach (long[] shape in new long[][] { [1, 65], [64, 1], [] })
        {
            using OrtValue x = OrtValue.CreateTensorValueFromMemory(new float[shape.Aggregate(1L, (a, b) => a * b)], shape);
            Assert.Throws<OnnxRuntimeException>(() => session.Run(run, ["x"], [x], ["y"]));
        }

        using OrtValue none = OrtValue.CreateTensorValueFromMemory(Array.Empty<float>(), [0, 64]);
        using IDisposableReadOnlyCollection<OrtValue> empty = session.Run(run, ["x"], [none], ["y"]);
        Assert.Equal([0, 96], empty[0].GetTensorTypeAndShape().Shape);
    }

    private static byte[] Node((string Name, long Value)[] attributes, string changed, long value)
    {
        using MemoryStream data = new();
        var graph = new GraphWriter(data, "none") { InlineBelow = int.MaxValue };
        graph.Input("x", OnnxType.Float, "rows", "columns");
        graph.Weight("blocks", OnnxType.UInt8, [96, 2, 16], new byte[96 * 32]);
        graph.Weight("scales", OnnxType.Float, [96, 2], new byte[96 * 2 * 4]);
        graph.Node(Int4Operator.Name, ["x", "blocks", "scales"], ["y"], Int4Operator.Domain,
            [.. attributes.Where(a => a.Name != changed).Select(a => (a.Name, (object)a.Value)), (changed, (object)value)]);
        graph.Output("y", OnnxType.Float, "rows", "outer");
        using MemoryStream file = new();
        graph.Write(file, "test", []);
        byte[] domain = new ProtoWriter().Message(8, new ProtoWriter().Text(1, Int4Operator.Domain).Int(2, 1)).Written.ToArray();
        return [.. file.ToArray(), .. domain];
    }

    private InferenceSession Open(byte[] graph, int threads = 2)
    {
        using SessionOptions options = new() { IntraOpNumThreads = threads, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        Int4Operator.Register(options);
        options.AddSessionConfigEntry(FolderEntry, _root);
        return new InferenceSession(graph, options);
    }

    private static float[] Rows(int rows, int inner, int seed = 7)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, rows * inner).Select(_ => (float)((random.NextDouble() * 4) - 2))];
    }

    private static float[][] Run(InferenceSession session, float[] x, int rows)
    {
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(x, [rows, x.Length / rows]);
        using RunOptions run = new();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, ["x"], [value], s_outputs);
        return [.. outputs.Select(o => o.GetTensorDataAsSpan<float>().ToArray())];
    }
}
