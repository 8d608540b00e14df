using System.Collections.Concurrent;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;
using TokenFactory.Inference.Text;

namespace TokenFactory.Inference.Tests.Engine;

/// <summary>Small models for engine tests, each written once a run.</summary>
public sealed class EngineModels : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<ModelFolder>> _folders = new();
    private readonly string _root = Path.Combine(Path.GetTempPath(), "tokenfactory-engine-" + Guid.NewGuid().ToString("N"));

    public static DecoderShape Shape { get; } = new()
    {
        Hidden = 64,
        Layers = 2,
        Heads = 4,
        KvHeads = 2,
        HeadSize = 32,
        Intermediate = 96,
        Vocabulary = 512,
        Context = 512,
    };

    /// <summary>"selected" is this project's form, "mask" GenAI's, "growing" Hugging Face's.</summary>
    public ModelFolder Get(string form, ModelPrecision precision, DecoderFamily? family = null, string name = "") =>
        _folders.GetOrAdd($"{form}-{precision}-{family?.Name}{name}", key => new Lazy<ModelFolder>(() =>
        {
            var options = new SyntheticModelOptions
            {
                Name = "tiny",
                Shape = Shape with { Family = family ?? DecoderFamily.Llama },
                Precision = precision,
                Seed = 3,
                Layout = form == "growing" ? ModelLayout.HuggingFace : ModelLayout.GenAI,
                LogitRows = form == "selected" ? LogitRows.Selected : LogitRows.All,
            };
            string path = Path.Combine(_root, key);
            SyntheticModel.Write(options, path);
            return ModelFolder.Open(path);
        })).Value;

    public InferenceEngine Load(string form, ModelPrecision precision, EngineOptions? options = null, DecoderFamily? family = null)
    {
        ModelFolder folder = Get(form, precision, family);
        return InferenceEngine.Load(folder, Tokenizer.Load(folder.TokenizerPath!), options ?? new EngineOptions { Threads = 1 });
    }

    public static int[] Prompt(int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(10, 500))];
    }

    public static GenerationRequest Request(int[] prompt, int most, Func<SamplingOptions, SamplingOptions>? change = null)
    {
        var sampling = new SamplingOptions { MaxTokens = most, IgnoreEndTokens = true };
        return new GenerationRequest { InputTokens = prompt, Sampling = change?.Invoke(sampling) ?? sampling };
    }

    public void Dispose()
    {
        if (Directory.Exists(_root))
        {
            Directory.Delete(_root, recursive: true);
        }
    }
}
