namespace TokenFactory.Core.Planning;

/// <summary>What a plan makes as large, or as small, as it can.</summary>
public enum PlanObjective
{
    /// <summary>Most revenue a day.</summary>
    Revenue,

    /// <summary>Most profit a day: revenue less cost, in money and not as a ratio.</summary>
    Margin,

    /// <summary>Most output tokens a day, whatever they sell for.</summary>
    Tokens,

    /// <summary>Least cost a day that serves the demand of every tier that states one.</summary>
    Cost,
}
