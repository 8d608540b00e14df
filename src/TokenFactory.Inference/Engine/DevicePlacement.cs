using Microsoft.ML.OnnxRuntime;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Providers;

namespace TokenFactory.Inference.Engine;

/// <summary>Where an opened graph wants its tensors: told by the session, not by the provider's name.</summary>
internal sealed class DevicePlacement
{
    private DevicePlacement(string cacheInput, DeviceMode mode, bool logits, IReadOnlySet<string> copied)
    {
        CacheInput = cacheInput;
        Mode = mode;
        LogitsOnDevice = logits;
        Copied = copied;
    }

    /// <summary>An input whose memory is the cache's.</summary>
    public string CacheInput { get; }

    /// <summary>What the memory's tensors can do.</summary>
    public DeviceMode Mode { get; }

    /// <summary>True when the graph writes its logits in device memory.</summary>
    public bool LogitsOnDevice { get; }

    /// <summary>Small inputs that the graph reads in device memory.</summary>
    public IReadOnlySet<string> Copied { get; }

    /// <summary>Looks at an opened graph.</summary>
    /// <param name="session">The graph, opened with the provider.</param>
    /// <param name="forced">Takes the processor's memory for the device's.</param>
    /// <exception cref="ProviderException"><c>ProviderNotSupported</c> when the graph keeps its cache in host memory.</exception>
    public static DevicePlacement Of(DecoderSession session, DeviceMode? forced)
    {
        DecoderGraph graph = session.Graph;
        if (forced is { } mode)
        {
            return new DevicePlacement(graph.Layers[0].PastKey, mode, logits: true, new HashSet<string>(StringComparer.Ordinal));
        }

        Dictionary<string, bool> inputs = Places(session.Session.InputNames, session.Session.GetMemoryInfosForInputs());
        Dictionary<string, bool> outputs = Places(session.Session.OutputNames, session.Session.GetMemoryInfosForOutputs());
        ExecutionProvider provider = session.Provider.Provider;
        int onHost = graph.Layers.Count(l => !inputs[l.PastKey] || !inputs[l.PastValue] || !outputs[l.PresentKey] || !outputs[l.PresentValue]);
        if (onHost > 0)
        {
            throw DeviceFailure.NotSupported(provider, graph.ModelPath, onHost < graph.Layers.Count
                ? $"it leaves {onHost} of {graph.Layers.Count} attention layers to the processor"
                : $"it leaves attention to the processor (it has no kernel for this graph's operator with a cache of type {graph.CacheType})");
        }

        var copied = new HashSet<string>(inputs.Where(i => i.Value).Select(i => i.Key), StringComparer.Ordinal);
        return new DevicePlacement(
            graph.Layers[0].PastKey,
            provider is ExecutionProvider.Cuda or ExecutionProvider.MIGraphX ? DeviceMode.Pointers : DeviceMode.Handles,
            outputs[graph.Logits], copied);
    }

    private static Dictionary<string, bool> Places(IReadOnlyList<string> names, IDisposableReadOnlyCollection<OrtMemoryInfo> places)
    {
        using (places)
        {
            var onDevice = new Dictionary<string, bool>(StringComparer.Ordinal);
            for (int i = 0; i < names.Count; i++)
            {
                onDevice[names[i]] = OnDevice(places[i]);
            }

            return onDevice;
        }
    }

    /// <summary>True when a tensor of this memory is not the processor's.</summary>
    public static bool OnDevice(OrtMemoryInfo place) =>
        place.GetDeviceType() != OrtMemoryInfoDeviceType.CPU && place.GetMemoryType() is not (OrtMemType.CpuInput or OrtMemType.CpuOutput);
}
