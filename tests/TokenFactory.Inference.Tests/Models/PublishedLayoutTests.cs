using System.Text.Json.Nodes;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;
using Xunit;

namespace TokenFactory.Inference.Tests.Models;

/// <summary>Folders as publishers lay them out: several precisions side by side, parts of models, folders of folders, half downloads.</summary>
public sealed class PublishedLayoutTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("tokenfactory-").FullName;

    private string Folder => Path.Combine(_root, "model");

    private string Onnx => Path.Combine(Folder, "onnx");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("model_q4.onnx model_q4f16.onnx model_quantized.onnx model_fp16.onnx model_bnb4.onnx", null, null, "model_q4.onnx")]
    [InlineData("model.onnx model_q4.onnx model_fp16.onnx", null, null, "model.onnx")]
    [InlineData("model.onnx model_q4.onnx model_fp16.onnx", "q4", null, "model_q4.onnx")]
    [InlineData("model_fp16.onnx model_q4f16.onnx", "q4", null, "model_q4f16.onnx")]
    [InlineData("model.onnx model_q4.onnx model_quantized.onnx", "q4", "q8", "model_quantized.onnx")]
    [InlineData("model.onnx model_q4.onnx", "q4", "fp32", "model.onnx")]
    [InlineData("model.onnx model_q4.onnx", null, "model_q4.onnx", "model_q4.onnx")]
    [InlineData("decoder_model_int8.onnx decoder_model_merged_int8.onnx decoder_with_past_model_int8.onnx", null, "int8", "decoder_model_merged_int8.onnx")]
    [InlineData("decoder_model_q4.onnx decoder_model_merged_q4.onnx embed_tokens_q4.onnx vision_encoder_q4.onnx", null, null, "decoder_model_merged_q4.onnx")]
    [InlineData("model_uint8.onnx model_bnb4.onnx", null, null, "model_uint8.onnx")]
    public void Graph_is_chosen_by_the_user_then_the_publisher_then_the_usual_order(string graphs, string? recommended, string? variant, string chosen)
    {
        Write();
        string source = Path.Combine(Onnx, "model.onnx");
        foreach (string graph in graphs.Split(' ').Where(g => g != "model.onnx"))
        {
            File.Copy(source, Path.Combine(Onnx, graph));
        }

        if (!graphs.Split(' ').Contains("model.onnx"))
        {
            File.Delete(source);
        }

        if (recommended is not null)
        {
            string path = Path.Combine(Folder, "config.json");
            JsonNode config = JsonNode.Parse(File.ReadAllText(path))!;
            config["transformers.js_config"] = new JsonObject { ["dtype"] = recommended, ["use_external_data_format"] = new JsonObject { ["model.onnx"] = true } };
            File.WriteAllText(path, config.ToJsonString());
        }

        Assert.Equal(Path.Combine(Onnx, chosen), ModelFolder.Open(Folder, variant).Graph.ModelPath);
    }

    [Fact]
    public void Unknown_variant_names_those_that_are_there()
    {
        Write();
        ModelFolderException e = Assert.Throws<ModelFolderException>(() => ModelFolder.Open(Folder, "q5"));
        Assert.Contains("model.onnx", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("onnx/model.onnx")]
    [InlineData("onnx/model.onnx_data")]
    public void Pointer_of_a_clone_without_large_files_says_how_to_get_them(string file)
    {
        Write();
        File.WriteAllText(Path.Combine(Folder, file), "version https://git-lfs.github.com/spec/v1\noid sha256:275660c0\nsize 1427700304\n");
        ModelFolderException e = Assert.Throws<ModelFolderException>(() => ModelFolder.Open(Folder));
        Assert.Contains("git lfs pull", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_that_were_not_downloaded_are_named_with_the_other_graphs()
    {
        Write();
        File.Copy(Path.Combine(Onnx, "model.onnx"), Path.Combine(Onnx, "model_q4.onnx"));
        File.Delete(Path.Combine(Onnx, "model.onnx_data"));
        ModelFolderException e = Assert.Throws<ModelFolderException>(() => ModelFolder.Open(Folder));
        Assert.Equal("ModelFileMissing", e.ErrorId);
        Assert.Contains("model.onnx_data", e.Message, StringComparison.Ordinal);
        Assert.Contains("model_q4.onnx", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Folder_of_folders_asks_which_and_takes_the_variant_that_names_one()
    {
        string cpu = Path.Combine(Folder, "cpu_and_mobile", "cpu-int4-rtn-block-32");
        string cuda = Path.Combine(Folder, "cuda", "cuda-fp16");
        foreach (string path in new[] { cpu, cuda })
        {
            SyntheticModel.Write(FamilyTests.Form("genai") with { Name = "tiny", Shape = FamilyTests.Families["llama"] }, path, null, TestContext.Current.CancellationToken);
        }

        File.WriteAllText(Path.Combine(Folder, "config.json"), "{}");
        ModelFolderException e = Assert.Throws<ModelFolderException>(() => ModelFolder.Open(Folder));
        Assert.Contains("cpu_and_mobile/cpu-int4-rtn-block-32, cuda/cuda-fp16", e.Message, StringComparison.Ordinal);
        Assert.Equal(cuda, ModelFolder.Open(Folder, "fp16").Path);
        Assert.Equal(cpu, ModelFolder.Open(Folder, "cpu-int4").Path);
    }

    [Fact]
    public void Grouped_attention_inside_an_export_is_driven_in_place()
    {
        SyntheticModel.Write(FamilyTests.Form("genai") with { Name = "tiny", Shape = FamilyTests.Families["llama"] }, Folder, null, TestContext.Current.CancellationToken);
        Directory.CreateDirectory(Onnx);
        File.Move(Path.Combine(Folder, "model.onnx"), Path.Combine(Onnx, "model_q4.onnx"));
        File.Move(Path.Combine(Folder, "model.onnx.data"), Path.Combine(Onnx, "model.onnx.data"));
        File.Delete(Path.Combine(Folder, "genai_config.json"));
        File.WriteAllText(Path.Combine(Folder, "config.json"), """{"model_type":"llama","max_position_embeddings":48,"eos_token_id":[2],"transformers.js_config":{"dtype":"q4","kv_cache_dtype":{"q4f16":"float16"}}}""");
        ModelInfo info = ModelFolder.Open(Folder).Info;
        Assert.Equal((CacheMode.InPlace, "huggingface", 48, true), (info.CacheMode, info.Layout, info.ContextTokens, info.ContinuousBatching));
    }

    private void Write() =>
        SyntheticModel.Write(FamilyTests.Form("export") with { Name = "tiny", Shape = FamilyTests.Families["llama"] }, Folder, null, TestContext.Current.CancellationToken);
}
