using CsCheck;
using TokenFactory.Core;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Onnx;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Inference.Tests.Engine;

public sealed class SamplingTests(EngineModels models) : IClassFixture<EngineModels>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Against the definitions written plainly: sort everything, cut, renormalize.</summary>
    [Fact]
    public void Filters_KeepWhatTheirDefinitionsKeep()
    {
        Gen.Select(Gen.Float[-8, 8].Array[2, 60], Gen.Int[0, 12], Gen.Float[0.05f, 1f], Gen.Float[0, 0.6f], Gen.Float[0.2f, 2f]).SampleRepeatably((logits, k, p, minP, temperature) =>
        {
            // Equal logits are common in practice (padding rows of a vocabulary): make some.
            logits = [.. logits.Select(l => (MathF.Round(l * 4) / 4) + 0f)];
            HashSet<int> allowed = Allowed(logits, k, p, minP, temperature);
            var sampler = new Sampler(logits.Length);
            var seen = new HashSet<int>();
            for (ulong seed = 0; seed < 300; seed++)
            {
                var options = new SamplingOptions { Temperature = temperature, TopK = k, TopP = p, MinP = minP, Seed = seed };
                seen.Add(sampler.Choose([.. logits], options, null, 0, out _));
            }

            Assert.Subset(allowed, seen);
            Assert.Contains(Array.IndexOf(logits, logits.Max()), allowed);
        }, iter: 200);
    }

    [Fact]
    public void Draws_FollowTheProbabilities()
    {
        float[] logits = [0, MathF.Log(2), MathF.Log(5), -100];
        var sampler = new Sampler(4);
        int[] counts = new int[4];
        const int Draws = 40000;
        for (int i = 0; i < Draws; i++)
        {
            counts[sampler.Choose([.. logits], new SamplingOptions { Temperature = 1, Seed = 9 }, null, i, out _)]++;
        }

        double[] expected = [1.0 / 8, 2.0 / 8, 5.0 / 8, 0];
        for (int i = 0; i < 4; i++)
        {
            // Five standard deviations of a share of that many draws.
            Assert.Equal(expected[i], (double)counts[i] / Draws, 5 * Math.Sqrt(0.25 / Draws));
        }
    }

    [Fact]
    public void Penalties_DoWhatTheyAreDefinedToDo()
    {
        var options = new SamplingOptions { RepetitionPenalty = 2, FrequencyPenalty = 0.5f, PresencePenalty = 0.25f, LogitBias = new Dictionary<int, float> { [3] = 10 } };
        Penalties penalties = Penalties.For(options, [0, 1], 5)!;
        penalties.Add(1);
        penalties.Add(1);
        penalties.Add(2);
        float[] logits = [4, -4, 1, 0, 1];
        penalties.Apply(logits);
        Assert.Equal([2f, -8 - 1.25f, 0.5f - 0.75f, 10, 1], logits);
    }

    [Fact]
    public void LogProbabilities_AreTheModelsOwn()
    {
        float[] logits = [1, 3, 2, -1];
        var options = new SamplingOptions { LogProbabilities = 2, LogitBias = new Dictionary<int, float> { [3] = 100 } };
        int token = new Sampler(4).Choose([.. logits], options, Penalties.For(options, [], 4), 0, out TokenLogProbability? reported);
        double sum = logits.Sum(l => Math.Exp(l));
        Assert.Equal(3, token);
        Assert.Equal(-1 - Math.Log(sum), reported!.LogProbability, 1e-5);
        Assert.Equal([1, 2], reported.Alternatives.Select(a => a.Key));
        Assert.Equal(3 - Math.Log(sum), reported.Alternatives[0].Value, 1e-5);
    }

    [Fact]
    public void StopStrings_AreFoundHoweverTheTextIsCut()
    {
        Gen.Select(OneOf("a", "b", "ab", "aab", "ba", "END", "E", "EN", "D").Array[0, 20], OneOf("aba", "END", "bb", "aabE", "E").Array[1, 3]).SampleRepeatably((pieces, stops) =>
        {
            string whole = string.Concat(pieces);
            int cut = stops.Select(s => whole.IndexOf(s, StringComparison.Ordinal)).Where(i => i >= 0).DefaultIfEmpty(-1).Min();
            // The earliest stop to complete ends the text, even when another began before it.
            int end = stops.Select(s => (At: whole.IndexOf(s, StringComparison.Ordinal), s.Length)).Where(s => s.At >= 0).Select(s => s.At + s.Length).DefaultIfEmpty(-1).Min();
            var matcher = new StopMatcher(stops);
            string text = "";
            foreach (string piece in pieces)
            {
                text += matcher.Add(piece);
                Assert.StartsWith(text, whole, StringComparison.Ordinal);
            }

            text += matcher.Flush();
            Assert.Equal(cut >= 0, matcher.Stopped);
            Assert.DoesNotContain(stops, s => text.Contains(s, StringComparison.Ordinal));
            Assert.True(cut < 0 ? text == whole : text.Length >= cut && text.Length < end);
        });
    }

    [Fact]
    public async Task StopString_EndsTheAnswerAndIsNotPartOfIt()
    {
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Fp32);
        GenerationRequest request = EngineModels.Request(EngineModels.Prompt(9, 3), 40, s => s with { Temperature = 1.5f, Seed = 4 });
        GenerationResult free = await engine.Submit(request, Token).Completion;
        string stop = free.Text.Substring(free.Text.Length / 2, 4);
        IGeneration stopped = engine.Submit(request with { Sampling = request.Sampling with { StopStrings = [stop] } }, Token);
        string streamed = "";
        await foreach (GenerationFragment fragment in stopped)
        {
            streamed += fragment.Text;
        }

        GenerationResult result = await stopped.Completion;
        Assert.Equal(FinishReason.Stop, result.FinishReason);
        Assert.Equal(free.Text[..free.Text.IndexOf(stop, StringComparison.Ordinal)], result.Text);
        Assert.Equal(result.Text, streamed);
    }

    [Fact]
    public async Task StopToken_EndsTheAnswer_AndStreamedTextIsTheResults()
    {
        using InferenceEngine engine = models.Load("selected", ModelPrecision.Fp32);
        GenerationRequest request = EngineModels.Request(EngineModels.Prompt(9, 3), 40, s => s with { Temperature = 1.5f, Seed = 4 });
        IGeneration free = engine.Submit(request, Token);
        string streamed = "";
        await foreach (GenerationFragment fragment in free)
        {
            streamed += fragment.Text;
        }

        GenerationResult all = await free.Completion;
        Assert.Equal(all.Text, streamed);
        int stop = all.TokenIds[10];
        GenerationResult result = await engine.Submit(request with { Sampling = request.Sampling with { StopTokens = [stop] } }, Token).Completion;
        Assert.Equal(FinishReason.Stop, result.FinishReason);
        Assert.Equal(all.TokenIds.Take(all.TokenIds.ToList().IndexOf(stop) + 1), result.TokenIds);
    }

    [Theory]
    [InlineData("Temperature", -1f)]
    [InlineData("TopP", 0f)]
    [InlineData("MinP", 2f)]
    [InlineData("RepetitionPenalty", 0f)]
    public void ImpossibleOptions_AreRefused(string name, float value)
    {
        SamplingOptions options = name switch
        {
            "Temperature" => new SamplingOptions { Temperature = value },
            "TopP" => new SamplingOptions { TopP = value },
            "MinP" => new SamplingOptions { MinP = value },
            _ => new SamplingOptions { RepetitionPenalty = value },
        };
        TokenFactoryException e = Assert.Throws<TokenFactoryException>(() => SamplingLimits.Check(options));
        Assert.Equal("SamplingInvalid", e.ErrorId);
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
    }

    private static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static HashSet<int> Allowed(float[] logits, int k, float p, float minP, float temperature)
    {
        float max = logits.Max();
        double[] weights = [.. logits.Select(l => Math.Exp((l - max) / temperature))];
        List<int> order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(i => logits[i]).ThenBy(i => i)];
        List<int> kept = k > 0 ? [.. order.Take(k)] : order;
        double mass = kept.Sum(i => weights[i]);
        var allowed = new HashSet<int>();
        double sum = 0;
        foreach (int i in kept)
        {
            if (sum > (p * mass) + 1e-6)
            {
                break;
            }

            sum += weights[i];
            if (weights[i] >= minP - 1e-5 || allowed.Count == 0)
            {
                allowed.Add(i);
            }
        }

        return allowed;
    }
}
