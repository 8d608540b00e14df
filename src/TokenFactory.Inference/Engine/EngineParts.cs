using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using TokenFactory.Core;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Providers;

namespace TokenFactory.Inference.Engine;

/// <summary>What an engine runs on: the opened graph, and where its cache is.</summary>
/// <param name="Session">The opened graph.</param>
/// <param name="Runner">How it is driven.</param>
/// <param name="BudgetTokens">Tokens that all slots together may hold.</param>
internal sealed record EngineParts(DecoderSession Session, DecoderRunner Runner, long BudgetTokens)
{
    private const long UnknownDeviceBytes = 1L << 30;
    private const int UsualContext = 4096;

    /// <summary>Opens the graph with the provider that was asked for, or, with Auto, with the best one that runs it.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="options">How it is run.</param>
    /// <param name="weightBytes">Bytes of the model's weights.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="TokenFactoryException"><c>ProviderUnavailable</c>, <c>ProviderNotSupported</c>, <c>ModelNotLoadable</c>, <c>OutOfMemory</c> or <c>DeviceOutOfMemory</c>.</exception>
    public static EngineParts Open(DecoderGraph graph, EngineOptions options, long weightBytes, CancellationToken cancellationToken)
    {
        if (options.Provider != ExecutionProvider.Auto)
        {
            return Open(graph, options, ProviderSelector.Choose(options.Provider, options.DeviceId), weightBytes, cancellationToken);
        }

        List<string> passed = [];
        foreach (ExecutionProvider provider in ProviderSelector.Order)
        {
            // Device numbers are the devices' own; the processor has one.
            int device = provider == ExecutionProvider.Cpu ? 0 : options.DeviceId;
            if ((ProviderSelector.Refusal(provider, device) ?? ProviderSelector.Objection(provider)) is { } reason)
            {
                passed.Add($"{provider}: {reason}");
                continue;
            }

            try
            {
                return Open(graph, options, new ProviderChoice(provider, device, ProviderSelector.Explain(provider, passed)), weightBytes, cancellationToken);
            }
            catch (TokenFactoryException e) when (provider != ExecutionProvider.Cpu)
            {
                passed.Add($"{provider}: {e.Message}");
            }
        }

        throw new ProviderException("ProviderUnavailable", FailureKind.NotSupported,
            $"No execution provider opens, not even the processor. {string.Join(' ', passed)}", options.Provider);
    }

    private static EngineParts Open(DecoderGraph graph, EngineOptions options, ProviderChoice provider, long weightBytes, CancellationToken cancellationToken)
    {
        DecoderSession session = DecoderSession.Open(graph, options, cancellationToken, provider);
        DecoderRunner? runner = null;
        try
        {
            if (graph.CacheMode == CacheMode.InPlace && (provider.Provider != ExecutionProvider.Cpu || options.DevicePath is not null))
            {
                var placement = DevicePlacement.Of(session, options.DevicePath);
                (int slots, int capacity, string limit) = DeviceGeometry(graph, options, placement.Mode, provider);
                DeviceRunner device = OpenRunner(session, placement, slots, capacity, options);
                runner = device;
                session.Provider = provider with { Explanation = $"{provider.Explanation} {device.Explanation} {limit}" };
                return new EngineParts(session, device, (long)slots * capacity);
            }

            if (provider.Provider != ExecutionProvider.Cpu)
            {
                session.Provider = provider with { Explanation = $"{provider.Explanation} The graph's cache grows: it is kept in host memory and copied at each step." };
            }

            if (session.OwnProducts > 0)
            {
                session.Provider = provider with { Explanation = string.Create(CultureInfo.InvariantCulture, $"{provider.Explanation} {session.OwnProducts} int4 products run on this module's own kernels.") };
            }

            if (session.OwnKernelsRefusal is { } refusal)
            {
                session.Provider = provider with { Explanation = $"{provider.Explanation} ONNX Runtime's kernels compute the int4 products, because it did not take the graph with this module's own: {refusal}" };
            }

            (int hostSlots, int hostCapacity, long budgetTokens) = InferenceEngine.Geometry(graph, options);
            runner = graph.CacheMode == CacheMode.InPlace
                ? new InPlaceRunner(session, hostSlots, hostCapacity, options.LargestChunk)
                : new GrowingRunner(session, hostSlots, hostCapacity, options, weightBytes, budgetTokens);
            return new EngineParts(session, runner, budgetTokens);
        }
        catch
        {
            runner?.Dispose();
            session.Dispose();
            throw;
        }
    }

    // The first small graphs run here: what a device lacks shows only when it compiles a kernel.
    private static DeviceRunner OpenRunner(DecoderSession session, DevicePlacement placement, int slots, int capacity, EngineOptions options)
    {
        try
        {
            return new DeviceRunner(session, placement, slots, capacity, options);
        }
        catch (OnnxRuntimeException e)
        {
            ExecutionProvider provider = session.Provider.Provider;
            throw DeviceFailure.Of(provider, e) ?? DeviceFailure.NotSupported(provider, session.Graph.ModelPath, e.Message.ReplaceLineEndings(" "), e);
        }
    }

    // A device's memory is taken whole at load, so slots are as long as memory allows and no fewer than they must be.
    private static (int Slots, int Capacity, string Limit) DeviceGeometry(DecoderGraph graph, EngineOptions options, DeviceMode mode, ProviderChoice provider)
    {
        int context = Math.Min(options.ContextTokens ?? int.MaxValue, graph.ContextTokens > 0 ? graph.ContextTokens : UsualContext);
        bool staged = mode == DeviceMode.Handles;
        if (staged)
        {
            // Rows on both sides of the switch run apart, which needs views of single slots.
            context = Math.Min(context, graph.RopeSwitchTokens ?? int.MaxValue);
        }

        long tokenBytes = Math.Max(1, graph.KvBytesPerToken);
        long? free = options.KvMemoryBytes is null ? DeviceFreeMemory.Bytes(provider.Provider, provider.DeviceId) : null;
        long budget = options.KvMemoryBytes ?? free / 2 ?? UnknownDeviceBytes;
        long tokens = budget / tokenBytes;
        long least = options.ContextTokens is null ? Math.Min(context, UsualContext) : context;
        long places = tokens / least;
        int slots = (int)Math.Clamp(staged && places > 1 ? places - 1 : places, 1, options.MaxBatch);
        int capacity = (int)Math.Min(context, tokens / (slots + (staged && slots > 1 ? 1 : 0)));
        if (capacity < 2)
        {
            throw new TokenFactoryException("OutOfMemory", FailureKind.ResourceUnavailable, string.Create(CultureInfo.InvariantCulture,
                $"One token of this model takes {tokenBytes} bytes of keys and values, and only {budget} bytes of {provider.Provider}'s memory may be used. Free memory or raise the limit."));
        }

        string why = options.KvMemoryBytes is not null ? "the limit that was asked for"
            : free is not null ? "half of what was free" : "the usual limit, because its free memory can't be read";
        return (slots, capacity, string.Create(CultureInfo.InvariantCulture,
            $"{slots} sequences of up to {capacity} tokens fit into {budget >> 20} MiB, {why}."));
    }
}
