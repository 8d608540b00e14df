using System.Security.Cryptography;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;
using TokenFactory.Inference.Tests.Models;
using Xunit;

namespace TokenFactory.Inference.Tests.Onnx;

public sealed class SyntheticModelTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("tokenfactory-").FullName;

    private string Folder => Path.Combine(_root, "model");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(ModelPrecision.Int4, "int4")]
    [InlineData(ModelPrecision.Int8, "int8")]
    [InlineData(ModelPrecision.Fp16, "fp16")]
    [InlineData(ModelPrecision.Fp32, "fp32")]
    public void Model_tells_what_it_is_and_runs(ModelPrecision precision, string name)
    {
        ModelInfo info = SyntheticModel.Write(new SyntheticModelOptions { Name = "tiny", Parameters = 1_000_000, Precision = precision }, Folder, null, TestContext.Current.CancellationToken);
        Assert.Equal("tiny", info.Name);
        Assert.Equal(name, info.Precision);
        Assert.True(info.RandomWeights);
        Assert.Equal("llama", info.Architecture);
        Assert.Equal(DecoderShapes.Nearest(1_000_000).Parameters, info.Parameters);
        Assert.Equal(4L * 2 * 2 * 32 * (precision == ModelPrecision.Fp16 ? 2 : 4), info.KvBytesPerToken);
        Assert.Equal(2048, info.ContextTokens);
        Assert.Equal(2048, info.VocabularySize);
        Assert.Equal("<|im_end|>", info.SpecialTokens["eos"]);
        Assert.Equal([2], info.EndTokenIds);
        Assert.Contains("im_start", info.ChatTemplate, StringComparison.Ordinal);

        using var runner = new GraphRunner(ModelFolder.Open(Folder).Graph);
        float[][] prompt = runner.Step(5, 300, 1000, 7, 7);
        float[][] next = runner.Step(9);
        Assert.Equal(5, prompt.Length);
        Assert.Single(next);
        Assert.All(prompt.Concat(next), row => Assert.All(row, v => Assert.True(float.IsFinite(v))));
        Assert.True(prompt[4].Max() - prompt[4].Min() > 1);
    }

    [Fact]
    public void Default_is_the_fast_form_and_equals_the_published_one()
    {
        SyntheticModel.Write(new SyntheticModelOptions { Name = "a", Parameters = 1_000_000, LogitRows = LogitRows.Selected }, Folder, null, TestContext.Current.CancellationToken);
        string other = Path.Combine(_root, "published");
        SyntheticModel.Write(new SyntheticModelOptions { Name = "a", Parameters = 1_000_000 }, other, null, TestContext.Current.CancellationToken);
        DecoderGraph fast = ModelFolder.Open(Folder).Graph;
        Assert.Equal(("seqlens_k", "total_sequence_length", "logit_rows"), (fast.SequenceLengths, fast.TotalSequenceLength, fast.SelectedRows));
        Assert.Null(fast.AttentionMask);
        Assert.Equal(LogitRows.Selected, fast.LogitRows);
        Assert.Equal(CacheMode.InPlace, fast.CacheMode);
        Assert.Equal(LogitRows.All, ModelFolder.Open(other).Graph.LogitRows);
        using var a = new GraphRunner(fast);
        using var b = new GraphRunner(ModelFolder.Open(other).Graph);
        Assert.Equal(b.Step(4, 5, 6), a.Step(4, 5, 6));
        Assert.Equal(b.Step(8), a.Step(8));
    }

    [Fact]
    public void Equal_seeds_give_equal_bytes_and_others_do_not()
    {
        string Hash(string name, long seed)
        {
            string folder = Path.Combine(_root, name);
            SyntheticModel.Write(new SyntheticModelOptions { Name = "tiny", Parameters = 1_000_000, Seed = seed }, folder, null, TestContext.Current.CancellationToken);
            using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (string file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
            {
                all.AppendData(File.ReadAllBytes(file));
            }

            return Convert.ToHexString(all.GetHashAndReset());
        }

        string first = Hash("a", 7);
        Assert.Equal(first, Hash("b", 7));
        Assert.NotEqual(first, Hash("c", 8));
    }
}
