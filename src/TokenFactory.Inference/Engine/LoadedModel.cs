namespace TokenFactory.Inference.Engine;

/// <summary>A model that is loaded in this process.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Path">Its folder.</param>
/// <param name="Provider">What runs it.</param>
/// <param name="WeightBytes">Bytes of its weights.</param>
/// <param name="InUse">True while a command uses it; it then leaves when the command ends.</param>
public sealed record LoadedModel(string Name, string Path, string Provider, long WeightBytes, bool InUse);
