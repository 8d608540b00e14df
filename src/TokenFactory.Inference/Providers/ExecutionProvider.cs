namespace TokenFactory.Inference.Providers;

/// <summary>What runs a model's graph: ONNX Runtime's execution providers.</summary>
public enum ExecutionProvider
{
    /// <summary>The best one that opens on this machine.</summary>
    Auto,

    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>NVIDIA GPUs.</summary>
    Cuda,

    /// <summary>Any GPU with a Vulkan, Metal or Direct3D 12 driver, by WebGPU.</summary>
    WebGpu,

    /// <summary>Any Direct3D 12 GPU on Windows.</summary>
    DirectML,

    /// <summary>Apple's GPU and neural engine.</summary>
    CoreML,

    /// <summary>AMD GPUs.</summary>
    MIGraphX,

    /// <summary>Intel processors, GPUs and NPUs.</summary>
    OpenVino,
}
