using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Definitions;

/// <summary>Prices in money per million tokens. An absent cached price is the input price.</summary>
public sealed record TierPrice
{
    /// <summary>Uncached input, money per million tokens.</summary>
    public Estimate? InputPerMillionTokens { get; init; }

    /// <summary>Cached input, money per million tokens.</summary>
    public Estimate? CachedInputPerMillionTokens { get; init; }

    /// <summary>Output, money per million tokens.</summary>
    public Estimate? OutputPerMillionTokens { get; init; }
}
