using Microsoft.ML.OnnxRuntime;
using TokenFactory.Inference.Providers;

namespace TokenFactory.Inference.Engine;

/// <summary>Opens small graphs on the model's device. One that would fall back to the processor is refused: it would copy what should stay.</summary>
internal sealed class DeviceSessions(ProviderChoice provider, bool forced)
{
    /// <summary>Why a graph was refused; null when none was.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Opens a graph; null when the device has no kernels for it.</summary>
    public InferenceSession? TryOpen(byte[] model) => TryOpen(model, remember: true);

    /// <summary>Opens a graph; null when the device has no kernels for it.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="remember">True to keep the reason of a refusal.</param>
    public InferenceSession? TryOpen(byte[] model, bool remember)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            EnableMemoryPattern = false,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        try
        {
            ProviderSelector.Apply(options, provider.Provider, provider.DeviceId);
            if (!forced)
            {
                options.AddSessionConfigEntry("session.disable_cpu_ep_fallback", "1");
            }

            return new InferenceSession(model, options);
        }
        catch (OnnxRuntimeException e)
        {
            Refusal = remember ? e.Message.ReplaceLineEndings(" ") : Refusal;
            return null;
        }
    }
}
