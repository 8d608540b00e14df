namespace TokenFactory.Inference.Engine;

/// <summary>A piece of a generation as it streams.</summary>
/// <param name="TokenId">The token.</param>
/// <param name="Text">The text that became certain with it: whole characters, empty while a character is incomplete or a stop string may begin.</param>
/// <param name="Timestamp">When the token was chosen, in <see cref="System.Diagnostics.Stopwatch"/> ticks.</param>
/// <param name="LogProbability">Its natural log probability; null when not asked for.</param>
public readonly record struct GenerationFragment(int TokenId, string Text, long Timestamp, float? LogProbability);
