using System.Globalization;
using TokenFactory.Core;

namespace TokenFactory.Inference.Engine;

/// <summary>What sampling options may be.</summary>
internal static class SamplingLimits
{
    /// <summary>Most alternatives reported with a log probability.</summary>
    public const int MostAlternatives = 100;

    /// <exception cref="TokenFactoryException"><c>SamplingInvalid</c>.</exception>
    public static void Check(SamplingOptions options)
    {
        Require(float.IsFinite(options.Temperature) && options.Temperature >= 0, "Temperature", options.Temperature, "0 (greedy) or more");
        Require(options.TopK >= 0, "TopK", options.TopK, "0 (all) or more");
        Require(options.TopP is > 0 and <= 1, "TopP", options.TopP, "above 0 and at most 1");
        Require(options.MinP is >= 0 and <= 1, "MinP", options.MinP, "between 0 and 1");
        Require(float.IsFinite(options.RepetitionPenalty) && options.RepetitionPenalty > 0, "RepetitionPenalty", options.RepetitionPenalty, "above 0");
        Require(float.IsFinite(options.FrequencyPenalty), "FrequencyPenalty", options.FrequencyPenalty, "a number");
        Require(float.IsFinite(options.PresencePenalty), "PresencePenalty", options.PresencePenalty, "a number");
        Require(options.MaxTokens is null or > 0, "MaxTokens", options.MaxTokens ?? 0, "1 or more");
        Require(options.LogProbabilities is null or (>= 0 and <= MostAlternatives), "LogProbabilities", options.LogProbabilities ?? 0, "between 0 and 100");
        Require(!options.LogitBias.Values.Any(float.IsNaN), "LogitBias", float.NaN, "numbers");
        Require(!options.StopStrings.Any(string.IsNullOrEmpty), "StopStrings", 0, "texts that are not empty");
    }

    private static void Require(bool holds, string name, double value, string allowed)
    {
        if (!holds)
        {
            throw new TokenFactoryException("SamplingInvalid", FailureKind.InvalidInput,
                string.Create(CultureInfo.InvariantCulture, $"{name} can't be {value}: it must be {allowed}."), name);
        }
    }
}
