using TokenFactory.Core;
using TokenFactory.Inference.Providers;

namespace TokenFactory.Inference.Engine;

/// <summary>What went wrong on a device, told by the native runtime's message: it gives no code for it.</summary>
internal static class DeviceFailure
{
    private static readonly string[] s_outOfMemory =
        ["out of memory", "out_of_memory", "outofmemory", "failed to allocate", "cuda failure 2:", "8007000e", "allocation size"];

    private static readonly string[] s_lost =
        ["device lost", "device is lost", "device was lost", "device_lost", "device_removed", "device_hung", "887a0005", "887a0006", "device instance removed",
         "cuda failure 700:", "cuda failure 719:", "cuda failure 46:", "illegal memory access", "unspecified launch failure"];

    /// <summary>A provider that can't run a graph.</summary>
    public static ProviderException NotSupported(ExecutionProvider provider, string model, string reason, Exception? inner = null) =>
        new("ProviderNotSupported", FailureKind.NotSupported,
            $"{provider} can't run '{model}': {WithoutCode(reason).TrimEnd().TrimEnd('.')}. Use -Provider Cpu, or an export of the model for {provider}.", provider, inner);

    /// <summary>A failure while keys, values or logits found no room.</summary>
    public static ProviderException OutOfMemory(ExecutionProvider provider, Exception inner) =>
        new("DeviceOutOfMemory", FailureKind.ResourceUnavailable,
            $"{provider}'s device has no memory left: {OneLine(inner.Message)} The engine goes on with what fits; ask for a shorter context, fewer sequences or less memory for keys and values.",
            provider, inner);

    /// <summary>What a failed run means; null when the message tells neither a full nor a lost device.</summary>
    public static ProviderException? Of(ExecutionProvider provider, Exception failure)
    {
        string message = failure.Message;
        if (s_lost.Any(s => message.Contains(s, StringComparison.OrdinalIgnoreCase)))
        {
            return new ProviderException("DeviceLost", FailureKind.ResourceUnavailable,
                $"{provider}'s device is lost: {OneLine(message)} Clear the model with Clear-TokenFactoryModel and load it again, in a new session if that fails, or use -Provider Cpu.",
                provider, failure);
        }

        return s_outOfMemory.Any(s => message.Contains(s, StringComparison.OrdinalIgnoreCase)) ? OutOfMemory(provider, failure) : null;
    }

    private static string WithoutCode(string message) =>
        message.StartsWith("[ErrorCode:", StringComparison.Ordinal) ? message[(message.IndexOf(']', StringComparison.Ordinal) + 1)..].Trim() : message;

    private static string OneLine(string message)
    {
        string line = WithoutCode(message.ReplaceLineEndings(" ").Trim());
        return line.Length > 400 ? line[..400] + "…" : line.EndsWith('.') ? line : line + ".";
    }
}
