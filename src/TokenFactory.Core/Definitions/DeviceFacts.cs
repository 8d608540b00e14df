namespace TokenFactory.Core.Definitions;

/// <summary>What a first definition needs to know of a device.</summary>
/// <param name="Name">Product name as the system reports it.</param>
/// <param name="IsAccelerator">True for a GPU or NPU, false for the processor.</param>
/// <param name="Count">How many there are of it.</param>
/// <param name="MemoryBytes">Memory of one, bytes; null when unknown.</param>
/// <param name="PowerLimitWatts">Power limit of one, watts; null when unknown.</param>
public sealed record DeviceFacts(string Name, bool IsAccelerator, int Count, double? MemoryBytes, double? PowerLimitWatts);
