namespace TokenFactory.Core.Planning;

/// <summary>A limit that tiers share: the sum of coefficient × accelerators stays within an amount.</summary>
/// <param name="Limit">Which limit it is.</param>
/// <param name="Detail">The limit with its figure in words.</param>
/// <param name="Amount">The amount.</param>
/// <param name="Coefficients">What one accelerator of each candidate takes of it, by the candidate's position.</param>
internal sealed record SharedLimit(CapacityLimit Limit, string Detail, double Amount, double[] Coefficients);
