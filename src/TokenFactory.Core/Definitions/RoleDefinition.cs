using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Definitions;

/// <summary>People of one role and the tokens that each of them uses.</summary>
public sealed record RoleDefinition
{
    /// <summary>The role's name.</summary>
    public required string Name { get; init; }

    /// <summary>How many people have it.</summary>
    public Estimate People { get; init; } = 1;

    /// <summary>Output tokens that one of them uses a day.</summary>
    public required Estimate TokensPerPersonPerDay { get; init; }

    /// <summary>Name of the tier that serves them; null is the definition's only one.</summary>
    public string? Tier { get; init; }
}
