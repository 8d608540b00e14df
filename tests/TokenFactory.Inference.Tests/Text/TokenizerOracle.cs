using System.Runtime.InteropServices;
using Xunit;

namespace TokenFactory.Inference.Tests.Text;

/// <summary>Hugging Face's Rust library, as far as its package is served: linux-x64.</summary>
internal sealed class TokenizerOracle : IDisposable
{
    private readonly string _file;
    private readonly Tokenizers.DotNet.Tokenizer _tokenizer;

    public TokenizerOracle(byte[] json)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            Assert.Skip("The oracle's native library is served for linux-x64 only.");
        }

        _file = Path.Combine(Path.GetTempPath(), $"oracle-{Guid.NewGuid():N}.json");
        File.WriteAllBytes(_file, json);
        _tokenizer = new Tokenizers.DotNet.Tokenizer(_file);
    }

    public int[] Encode(string text) => [.. _tokenizer.Encode(text).Select(id => (int)id)];

    public string Decode(int[] ids) => _tokenizer.Decode([.. ids.Select(id => (uint)id)]);

    public void Dispose() => File.Delete(_file);
}
