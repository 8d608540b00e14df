using System.Text.Json;
using TokenFactory.Inference.Models;
using Xunit;

namespace TokenFactory.Inference.Tests.Models;

public class RecommendedSamplingTests
{
    [Theory]
    [InlineData("""{"do_sample":true,"temperature":0.6,"top_k":20,"top_p":0.95,"min_p":0,"repetition_penalty":1.1}""", "temperature 0.6, top-k 20, top-p 0.95, min-p 0, repetition penalty 1.1")]
    [InlineData("""{"do_sample":true}""", "temperature 1")]
    [InlineData("""{"do_sample":false,"temperature":0.6,"top_k":20}""", "temperature 0")]
    [InlineData("""{"temperature":0.6,"repetition_penalty":1.05}""", "temperature 0, repetition penalty 1.05")]
    [InlineData("""{"do_sample":true,"temperature":-1,"top_k":2.5,"top_p":7,"min_p":"x","repetition_penalty":0}""", "temperature 1")]
    [InlineData("""{"do_sample":true,"temperature":1e99,"top_k":-3}""", "temperature 1")]
    public void What_the_makers_say_is_read_as_other_readers_do(string json, string expected) => Assert.Equal(expected, Read(json)?.ToString());

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"eos_token_id":2,"max_length":2048}""")]
    public void A_file_that_does_not_say_recommends_nothing(string json) => Assert.Null(Read(json));

    private static RecommendedSampling? Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        return RecommendedSampling.Read(document.RootElement, "generation_config.json");
    }
}
