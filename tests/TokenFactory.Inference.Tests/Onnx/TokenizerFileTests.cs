using TokenFactory.Inference.Onnx;
using TokenFactory.Inference.Text;
using Xunit;

namespace TokenFactory.Inference.Tests.Onnx;

public sealed class TokenizerFileTests : IDisposable
{
    private const string English = "The factory makes tokens, and the price of a token depends on the energy that the machine takes. It's a question of capacity, isn't it?";

    private readonly string _root = Directory.CreateTempSubdirectory("tokenfactory-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(259)]
    [InlineData(300)]
    [InlineData(2048)]
    [InlineData(32000)]
    [InlineData(151936)]
    public void Any_text_comes_back_and_the_vocabulary_has_the_size_asked_for(int size)
    {
        Tokenizer tokenizer = Load(size);
        foreach (string text in new[] { English, "  two  spaces\n\ttab\r\n", "Zürich 東京 🚀 ℵ", "<|im_start|>user\nhi<|im_end|>", "" })
        {
            int[] ids = [.. tokenizer.Encode(text).Ids];
            Assert.All(ids, id => Assert.InRange(id, 0, size - 1));
            Assert.Equal(text, tokenizer.Decode(ids, skipSpecialTokens: false));
        }

        Assert.Equal([1], tokenizer.Encode("<|im_start|>").Ids);
        Assert.NotEqual("", tokenizer.Decode([size - 1], skipSpecialTokens: false));
    }

    [Fact]
    public void English_takes_about_as_many_tokens_as_with_a_real_vocabulary()
    {
        int count = Load(32000).Encode(English).Ids.Count;
        Assert.InRange(English.Length / (double)count, 3, 6);
    }

    private Tokenizer Load(int size)
    {
        string path = Path.Combine(_root, "tokenizer.json");
        using (FileStream stream = File.Create(path))
        {
            TokenizerFile.Write(stream, size);
        }

        return Tokenizer.Load(path);
    }
}
