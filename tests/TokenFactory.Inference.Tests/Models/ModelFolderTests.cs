using System.Text;
using Microsoft.ML.OnnxRuntime.Tensors;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;
using Xunit;

namespace TokenFactory.Inference.Tests.Models;

public sealed class ModelFolderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("tokenfactory-").FullName;

    private string Folder => Path.Combine(_root, "model");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_folder_that_is_not_there_says_what_to_do()
    {
        ModelFolderException e = Assert.Throws<ModelFolderException>(() => ModelFolder.Open(Path.Combine(_root, "nothing")));
        Assert.Equal("ModelFolderNotFound", e.ErrorId);
        Assert.Contains("New-TokenFactoryModel", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("genai_config.json")]
    [InlineData("model.onnx")]
    [InlineData("model.onnx.data")]
    public void A_missing_file_is_named(string file)
    {
        Write("llama", "genai");
        File.Delete(Path.Combine(Folder, file));
        if (file == "genai_config.json")
        {
            File.Delete(Path.Combine(Folder, "model.onnx"));
            File.Delete(Path.Combine(Folder, "tokenizer.json"));
        }

        ModelFolderException e = Assert.Throws<ModelFolderException>(() => ModelFolder.Open(Folder));
        Assert.Equal("ModelFileMissing", e.ErrorId);
        Assert.Contains(file, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("genai_config.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("model.onnx")]
    [InlineData("model.onnx.data")]
    public void A_torn_file_is_an_error_wherever_it_was_cut(string file)
    {
        Write("llama", "genai");
        string path = Path.Combine(Folder, file);
        byte[] whole = File.ReadAllBytes(path);
        foreach (int share in new[] { 0, 10, 50, 90, 99 })
        {
            File.WriteAllBytes(path, whole[..(whole.Length * share / 100)]);
            ModelFolderException e = Assert.Throws<ModelFolderException>(() => ModelFolder.Open(Folder));
            Assert.Contains(e.ErrorId, new[] { "ModelFolderInvalid", "ModelGraphUnsupported" });
        }
    }

    [Theory]
    [InlineData("../../etc/group")]
    [InlineData("/etc/hosts.allo")]
    [InlineData("..\\..\\etc\\group")]
    [InlineData("C:\\aaaa\\bb\\cccc")]
    [InlineData("a/../../b/c.dat")]
    public void Weights_outside_the_folder_are_never_read(string location)
    {
        Write("llama", "genai");
        string path = Path.Combine(Folder, "model.onnx");
        byte[] graph = File.ReadAllBytes(path);
        byte[] from = Encoding.UTF8.GetBytes("model.onnx.data"), to = Encoding.UTF8.GetBytes(location);
        Assert.Equal(from.Length, to.Length);
        for (int at = graph.AsSpan().IndexOf(from); at >= 0; at = graph.AsSpan().IndexOf(from))
        {
            to.CopyTo(graph, at);
        }

        File.WriteAllBytes(path, graph);
        Assert.Equal("ModelPathOutside", Assert.Throws<ModelFolderException>(() => ModelFolder.Open(Folder)).ErrorId);
    }

    [Theory]
    [InlineData("../secret.onnx")]
    [InlineData("/tmp/secret.onnx")]
    public void A_graph_outside_the_folder_is_never_read(string file)
    {
        Write("llama", "genai");
        string path = Path.Combine(Folder, "genai_config.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"model.onnx\"", $"\"{file}\"", StringComparison.Ordinal));
        File.Copy(Path.Combine(Folder, "model.onnx"), Path.Combine(_root, "secret.onnx"));
        ModelFolderException e = Assert.Throws<ModelFolderException>(() => ModelFolder.Open(Folder));
        Assert.Contains(e.ErrorId, new[] { "ModelPathOutside", "ModelFileMissing" });
    }

    [Theory]
    [InlineData("model.onnx")]
    [InlineData("model.onnx.data")]
    [InlineData("genai_config.json")]
    public void A_link_out_of_the_folder_is_not_followed(string file)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege on Windows");
        Write("llama", "genai");
        string path = Path.Combine(Folder, file), outside = Path.Combine(_root, "outside");
        File.Move(path, outside);
        File.CreateSymbolicLink(path, outside);
        Assert.Equal("ModelPathOutside", Assert.Throws<ModelFolderException>(() => ModelFolder.Open(Folder)).ErrorId);
    }

    [Fact]
    public void A_linked_folder_inside_is_not_a_way_out()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege on Windows");
        Write("llama", "export");
        Directory.Move(Path.Combine(Folder, "onnx"), Path.Combine(_root, "elsewhere"));
        Directory.CreateSymbolicLink(Path.Combine(Folder, "onnx"), Path.Combine(_root, "elsewhere"));
        Assert.Equal("ModelPathOutside", Assert.Throws<ModelFolderException>(() => ModelFolder.Open(Folder)).ErrorId);
    }

    [Theory]
    [InlineData("export", ModelPrecision.Fp32)]
    [InlineData("genai", ModelPrecision.Fp32)]
    [InlineData("genai", ModelPrecision.Int4)]
    public async Task A_download_cache_with_links_to_its_blobs_opens_and_runs(string form, ModelPrecision precision)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege on Windows");
        SyntheticModel.Write(FamilyTests.Form(form) with { Shape = FamilyTests.Families["llama"], Precision = precision }, Folder);
        string blobs = Directory.CreateDirectory(Path.Combine(_root, "models--a--b", "blobs")).FullName;
        string snapshot = Directory.CreateDirectory(Path.Combine(_root, "models--a--b", "snapshots", "abc", form == "export" ? "onnx" : "")).FullName;
        snapshot = form == "export" ? Path.GetDirectoryName(snapshot)! : Path.TrimEndingDirectorySeparator(snapshot);
        int number = 0;
        foreach (string file in Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories))
        {
            string blob = Path.Combine(blobs, $"{number++}");
            File.Copy(file, blob);
            File.CreateSymbolicLink(Path.Combine(snapshot, Path.GetRelativePath(Folder, file)), blob);
        }

        ModelFolder opened = ModelFolder.Open(snapshot);
        Assert.Equal("llama", opened.Info.Architecture);
        foreach (bool own in new[] { true, false })
        {
            using InferenceEngine engine = InferenceEngine.Load(opened, null, new EngineOptions { Threads = 1, OwnKernels = own }, null, TestContext.Current.CancellationToken);
            GenerationResult result = await engine.Submit(
                new GenerationRequest { InputTokens = new[] { 5, 6, 7 }, Sampling = new SamplingOptions { MaxTokens = 3, IgnoreEndTokens = true } }, TestContext.Current.CancellationToken).Completion;
            Assert.Equal(3, result.OutputTokens);
        }
    }

    [Fact]
    public void Variants_are_chosen_by_what_follows_model_in_their_name()
    {
        Write("qwen3", "export");
        SyntheticModelOptions four = FamilyTests.Form("export") with { Shape = FamilyTests.Families["qwen3"], Precision = ModelPrecision.Int4, Export = new ExportForm { Variant = "q4" } };
        string other = SyntheticModel.Write(four, Path.Combine(_root, "four")).Path;
        foreach (string file in Directory.EnumerateFiles(Path.Combine(other, "onnx")))
        {
            File.Copy(file, Path.Combine(Folder, "onnx", Path.GetFileName(file)));
        }

        Assert.Equal("fp32", ModelFolder.Open(Folder).Info.Precision);
        Assert.Equal("int4", ModelFolder.Open(Folder, "q4").Info.Precision);
        Assert.Equal("int4", ModelFolder.Open(Folder, "model_q4.onnx").Info.Precision);
        Assert.Equal("int4", ModelFolder.Open(Path.Combine(Folder, "onnx", "model_q4.onnx")).Info.Precision);
        ModelFolderException e = Assert.Throws<ModelFolderException>(() => ModelFolder.Open(Folder, "fp8"));
        Assert.Contains("model_q4.onnx", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizer_alone_is_a_folder_without_a_graph()
    {
        Write("llama", "genai");
        File.Delete(Path.Combine(Folder, "genai_config.json"));
        File.Delete(Path.Combine(Folder, "model.onnx"));
        ModelFolder folder = ModelFolder.Open(Folder);
        Assert.False(folder.HasGraph);
        Assert.Equal("tokenizer", folder.Info.Layout);
        Assert.Null(folder.Info.Parameters);
        Assert.NotNull(folder.TokenizerPath);
        Assert.Equal("ModelFileMissing", Assert.Throws<ModelFolderException>(() => folder.Graph).ErrorId);
    }

    [Theory]
    [InlineData("mistral", "genai", 5, null)]
    [InlineData("mistral", "export", 5, null)]
    [InlineData("gemma2", "genai", null, null)]
    [InlineData("gemma2", "export", null, null)]
    [InlineData("phi3", "genai", null, 8)]
    [InlineData("phi3", "export", null, 8)]
    public void Windows_and_rotary_switches_are_seen(string family, string form, int? window, int? ropeSwitch)
    {
        Write(family, form);
        DecoderGraph graph = ModelFolder.Open(Folder).Graph;
        Assert.Equal(window, graph.SlidingWindow);
        Assert.Equal(ropeSwitch, graph.RopeSwitchTokens);
        Assert.Equal(64, graph.ContextTokens);
    }

    [Fact]
    public void The_graph_tells_how_to_drive_it()
    {
        Write("qwen3", "export-merged");
        DecoderGraph graph = ModelFolder.Open(Folder).Graph;
        Assert.Equal(("input_ids", "attention_mask", "position_ids", "use_cache_branch", "logits"),
            (graph.InputIds, graph.AttentionMask, graph.PositionIds, graph.UseCacheBranch, graph.Logits));
        Assert.Equal(CacheMode.Growing, graph.CacheMode);
        Assert.Equal(TensorElementType.Float, graph.CacheType);
        Assert.Equal(3, graph.Layers.Count);
        Assert.All(graph.Layers, l => Assert.Equal((2, 32), (l.KvHeads, l.HeadSize)));
        Assert.Equal(3L * 2 * 2 * 32 * 4, graph.KvBytesPerToken);
        Assert.Equal(300, graph.VocabularySize);
        Assert.Equal(LogitRows.All, graph.LogitRows);
    }

    [Fact]
    public void A_graph_with_an_input_that_nobody_can_feed_is_refused_by_name()
    {
        Write("llama", "genai");
        string path = Path.Combine(Folder, "model.onnx");
        byte[] graph = File.ReadAllBytes(path);
        byte[] from = Encoding.UTF8.GetBytes("attention_mask"), to = Encoding.UTF8.GetBytes("attention_what");
        for (int at = graph.AsSpan().IndexOf(from); at >= 0; at = graph.AsSpan().IndexOf(from))
        {
            to.CopyTo(graph, at);
        }

        File.WriteAllBytes(path, graph);
        ModelFolderException e = Assert.Throws<ModelFolderException>(() => ModelFolder.Open(Folder));
        Assert.Equal("ModelGraphUnsupported", e.ErrorId);
        Assert.Contains("attention_what", e.Message, StringComparison.Ordinal);
    }

    private void Write(string family, string form) =>
        SyntheticModel.Write(FamilyTests.Form(form) with { Name = family, Shape = FamilyTests.Families[family], Precision = ModelPrecision.Fp32 }, Folder);
}
