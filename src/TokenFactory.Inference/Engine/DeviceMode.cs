namespace TokenFactory.Inference.Engine;

/// <summary>What the tensors of a provider's memory can do.</summary>
internal enum DeviceMode
{
    /// <summary>Addresses: a tensor may begin anywhere in a buffer.</summary>
    Pointers,

    /// <summary>Handles: a tensor begins where its buffer does, and may be shorter.</summary>
    Handles,
}
