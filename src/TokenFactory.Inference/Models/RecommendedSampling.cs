using System.Globalization;
using System.Text.Json;

namespace TokenFactory.Inference.Models;

/// <summary>How the makers of a model say that its tokens are to be chosen.</summary>
/// <remarks>
/// From the <c>search</c> section of <c>genai_config.json</c> or from <c>generation_config.json</c>. As both readers of these files do, nothing is drawn
/// where <c>do_sample</c> is not true: the temperature is then 0. Values that no sampler takes are left out.
/// </remarks>
public sealed record RecommendedSampling
{
    /// <summary>Temperature; 0 is greedy.</summary>
    public float Temperature { get; init; }

    /// <summary>Only the k likeliest tokens; null when not said.</summary>
    public int? TopK { get; init; }

    /// <summary>Only the likeliest tokens that together have this probability; null when not said.</summary>
    public float? TopP { get; init; }

    /// <summary>Only tokens at least this share as likely as the likeliest; null when not said.</summary>
    public float? MinP { get; init; }

    /// <summary>Above 1 makes tokens that were there less likely; null when not said.</summary>
    public float? RepetitionPenalty { get; init; }

    /// <summary>The file that says so.</summary>
    public required string Source { get; init; }

    /// <inheritdoc/>
    public override string ToString()
    {
        List<string> parts = [string.Create(CultureInfo.InvariantCulture, $"temperature {Temperature}")];
        Add("top-k", TopK);
        Add("top-p", TopP);
        Add("min-p", MinP);
        Add("repetition penalty", RepetitionPenalty);
        return string.Join(", ", parts);

        void Add(string name, IFormattable? value)
        {
            if (value is not null)
            {
                parts.Add($"{name} {value.ToString(null, CultureInfo.InvariantCulture)}");
            }
        }
    }

    /// <summary>Reads a section.</summary>
    /// <param name="section">The object that holds the values.</param>
    /// <param name="source">Name of its file.</param>
    /// <returns>Null where it says nothing of sampling.</returns>
    internal static RecommendedSampling? Read(JsonElement section, string source)
    {
        float? temperature = Number("temperature", v => v >= 0), topP = Number("top_p", v => v is > 0 and <= 1), minP = Number("min_p", v => v is >= 0 and <= 1);
        float? penalty = Number("repetition_penalty", v => v > 0);
        int? topK = (int?)Number("top_k", v => v >= 0 && v <= 1 << 24 && v == Math.Truncate(v));
        bool? draws = TokenizerFacts.Property(section, "do_sample") switch
        {
            { ValueKind: JsonValueKind.True } => true,
            { ValueKind: JsonValueKind.False } => false,
            _ => null,
        };
        if (draws is null && temperature is null && topP is null && topK is null && minP is null && penalty is null)
        {
            return null;
        }

        return draws == true
            ? new RecommendedSampling { Temperature = temperature ?? 1, TopK = topK, TopP = topP, MinP = minP, RepetitionPenalty = penalty, Source = source }
            : new RecommendedSampling { RepetitionPenalty = penalty, Source = source };

        float? Number(string name, Func<float, bool> allowed) =>
            TokenizerFacts.Property(section, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetSingle(out float value) && float.IsFinite(value) && allowed(value) ? value : null;
    }
}
