using System.Reflection;
using Microsoft.ML.OnnxRuntime;
using TokenFactory.Core;
using TokenFactory.Inference.Engine;

namespace TokenFactory.Inference.Tests.Engine;

/// <summary>A runner whose device fails when it is told to, with the native runtime's own exception.</summary>
internal sealed class FaultyRunner(DecoderRunner inner) : DecoderRunner(inner.Session, inner.Slots, inner.Capacity)
{
    /// <summary>The next decode step fails with this message.</summary>
    public string? DecodeFault;

    /// <summary>The next prefill chunk fails with this message.</summary>
    public string? PrefillFault;

    /// <summary>The next choice of a token fails with this message.</summary>
    public string? ChooseFault;

    /// <summary>The next copy fails with this message.</summary>
    public string? CopyFault;

    public override int LargestChunk => inner.LargestChunk;

    public override bool CanCopy => inner.CanCopy;

    public override bool FromFirstSlot => inner.FromFirstSlot;

    public override void Reserve(int slot, int tokens) => inner.Reserve(slot, tokens);

    public override void Release(int slot) => inner.Release(slot);

    public override void Copy(int from, int to, int tokens)
    {
        if (Interlocked.Exchange(ref CopyFault, null) is { } message)
        {
            throw inner.Failed(Exception(message));
        }

        inner.Copy(from, to, tokens);
    }

    public override void Prefill(int slot, ReadOnlySpan<int> tokens, int past, int promptTokens, bool score, RunOptions runOptions)
    {
        Fail(ref PrefillFault);
        inner.Prefill(slot, tokens, past, promptTokens, score, runOptions);
    }

    public override void Decode(int firstSlot, ReadOnlySpan<int> ids, ReadOnlySpan<int> lengths, ReadOnlySpan<bool> active, RunOptions runOptions)
    {
        Fail(ref DecodeFault);
        inner.Decode(firstSlot, ids, lengths, active, runOptions);
    }

    public override Span<float> PrefillLogits() => inner.PrefillLogits();

    public override Span<float> DecodeLogits(int row) => inner.DecodeLogits(row);

    public override int Choose(int row, Sampler sampler, SamplingOptions options, Penalties? penalties, int position, out TokenLogProbability? logProbability)
    {
        if (Interlocked.Exchange(ref ChooseFault, null) is { } message)
        {
            throw inner.Failed(Exception(message));
        }

        return inner.Choose(row, sampler, options, penalties, position, out logProbability);
    }

    public override TokenFactoryException Failed(OnnxRuntimeException failure) => inner.Failed(failure);

    protected override void Dispose(bool disposing) => inner.Dispose();

    private static void Fail(ref string? fault)
    {
        if (Interlocked.Exchange(ref fault, null) is { } message)
        {
            throw Exception(message);
        }
    }

    // The binding makes its exceptions itself.
    private static OnnxRuntimeException Exception(string message)
    {
        ConstructorInfo make = typeof(OnnxRuntimeException).GetConstructors(BindingFlags.Instance | BindingFlags.NonPublic)
            .Single(c => c.GetParameters() is [_, { ParameterType: { } type }] && type == typeof(string));
        return (OnnxRuntimeException)make.Invoke([Enum.ToObject(make.GetParameters()[0].ParameterType, 1), message]);
    }
}
