using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;
using Xunit;

namespace TokenFactory.Inference.Tests.Models;

/// <summary>Whether sequences can share a run is read from the graph's data flow, whatever its inputs are called.</summary>
public sealed class StackingTests
{
    private static readonly LayerCache[] s_layers = [new("past.0.key", "past.0.value", "present.0.key", "present.0.value", 2, 8)];

    [Fact]
    public void Mask_that_reaches_the_scores_with_positions_as_input_stacks() =>
        Assert.Null(Obstacle(Graph(null, ("Cast", "m", "real"), ("Add", "real", "scores"), ("Softmax", "scores", "shares")), "m", "p"));

    [Fact]
    public void Mask_that_is_counted_and_hides_stacks_without_positions() =>
        Assert.Null(Obstacle(Graph(null, ("CumSum", "m", "counted"), ("Where", "m", "scores"), ("Softmax", "scores", "shares")), "m", null));

    [Fact]
    public void Mask_that_hides_without_being_counted_does_not_stack_without_positions() =>
        Assert.Contains("does not count positions", Obstacle(Graph(null, ("Where", "m", "scores"), ("Softmax", "scores", "shares")), "m", null), StringComparison.Ordinal);

    [Fact]
    public void Mask_whose_length_alone_is_used_does_not_stack() =>
        Assert.Contains("only its length", Obstacle(Graph(null, ("Shape", "m", "length"), ("Add", "length", "scores"), ("Softmax", "scores", "shares")), "m", "p"), StringComparison.Ordinal);

    [Fact]
    public void Batch_fixed_at_one_does_not_stack() =>
        Assert.Contains("fixed at 1", Obstacle(Graph(1, ("Add", "m", "scores"), ("Softmax", "scores", "shares")), "m", "p"), StringComparison.Ordinal);

    [Fact]
    public void Mask_that_enters_a_branch_by_its_result_stacks()
    {
        OnnxFile file = Graph(null, ("Softmax", "scores", "shares"));
        var branch = new OnnxGraph();
        branch.Nodes.Add(Node("Add", "m", "inner"));
        branch.Outputs.Add(new OnnxValue("inner", OnnxType.Float, null));
        OnnxNode choice = Node("If", "use_cache_branch", "scores");
        var attribute = new OnnxAttribute { Name = "then_branch" };
        attribute.Graphs.Add(branch);
        choice.Attributes["then_branch"] = attribute;
        file.Graph.Nodes.Insert(0, choice);
        Assert.Null(Obstacle(file, "m", "p"));
    }

    [Theory]
    [InlineData("p", true)]
    [InlineData("length", false)]
    public void Switch_of_the_rotary_embedding_is_known_to_follow_positions_or_lengths(string compared, bool positions)
    {
        OnnxFile file = Graph(null, ("ReduceMax", "p", "largest"), ("Shape", "m", "length"));
        OnnxNode greater = Node("Greater", compared == "p" ? "largest" : "length", "longer");
        greater.Inputs.Add("border");
        file.Graph.Nodes.Add(greater);
        var border = new OnnxTensor { Name = "border", Type = OnnxType.Int64 };
        border.Ints.Add(4096);
        file.Graph.Weights["border"] = border;
        Assert.Equal(positions, StackingInspector.SwitchFollowsPositions(file.Graph, 4096, "p"));
    }

    [Theory]
    [InlineData("q4", "model_q4.onnx")]
    [InlineData("quantized", "model_quantized.onnx")]
    public void Growing_export_says_that_requests_share_runs_and_one_without_a_mask_says_why_not(string variant, string file)
    {
        string root = Directory.CreateTempSubdirectory("tokenfactory-").FullName;
        try
        {
            var options = new SyntheticModelOptions { Name = "tiny", Parameters = 1_000_000, Layout = ModelLayout.HuggingFace, Export = new ExportForm { Variant = variant } };
            ModelInfo stacks = SyntheticModel.Write(options, Path.Combine(root, "a"), null, TestContext.Current.CancellationToken);
            Assert.True(File.Exists(Path.Combine(root, "a", "onnx", file)));
            Assert.Equal((CacheMode.Growing, true), (stacks.CacheMode, stacks.ContinuousBatching));
            ModelInfo turns = SyntheticModel.Write(options with { Export = new ExportForm { AttentionMask = false } }, Path.Combine(root, "b"), null, TestContext.Current.CancellationToken);
            Assert.False(turns.ContinuousBatching);
            Assert.Contains("no attention mask", turns.Unavailable[nameof(ModelInfo.ContinuousBatching)], StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static string? Obstacle(OnnxFile file, string mask, string? positions) => StackingInspector.Obstacle(file, "ids", mask, positions, s_layers);

    private static OnnxNode Node(string op, string input, string output)
    {
        var node = new OnnxNode { Op = op };
        node.Inputs.Add(input);
        node.Outputs.Add(output);
        return node;
    }

    private static OnnxFile Graph(long? batch, params (string Op, string Input, string Output)[] nodes)
    {
        var graph = new OnnxGraph();
        graph.Inputs.Add(new OnnxValue("ids", OnnxType.Int64, [batch, null]));
        graph.Inputs.Add(new OnnxValue("m", OnnxType.Int64, [null, null]));
        graph.Inputs.Add(new OnnxValue("p", OnnxType.Int64, [null, null]));
        graph.Inputs.Add(new OnnxValue("past.0.key", OnnxType.Float, [null, 2, null, 8]));
        graph.Nodes.AddRange(nodes.Select(n => Node(n.Op, n.Input, n.Output)));
        return new OnnxFile { Graph = graph, HasGraph = true };
    }
}
