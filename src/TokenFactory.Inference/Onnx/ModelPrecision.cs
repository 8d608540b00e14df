namespace TokenFactory.Inference.Onnx;

/// <summary>How the weights of matrix products are stored.</summary>
public enum ModelPrecision
{
#pragma warning disable CA1720 // They are the field's names.
    /// <summary>4 bits a weight and a 32-bit scale for each block of 32; products accumulate 8-bit activations (<c>accuracy_level</c> 4).</summary>
    Int4,

    /// <summary>8 bits a weight and a 32-bit scale for each block of 32.</summary>
    Int8,
#pragma warning restore CA1720

    /// <summary>16-bit floats for weights, activations and cache.</summary>
    Fp16,

    /// <summary>32-bit floats.</summary>
    Fp32,
}
