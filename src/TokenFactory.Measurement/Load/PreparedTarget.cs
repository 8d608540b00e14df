using TokenFactory.Core;
using TokenFactory.Hardware.Energy;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Text;
using TokenFactory.Measurement.Http;
using TokenFactory.Measurement.Prompts;

namespace TokenFactory.Measurement.Load;

/// <summary>What a run sends: prompts of a person, or synthetic ones of a length.</summary>
/// <param name="Texts">Given prompts; empty for synthetic ones.</param>
/// <param name="InputTokens">Length of a synthetic prompt, tokens.</param>
/// <param name="OutputTokens">Output tokens to ask for.</param>
public sealed record PromptOptions(IReadOnlyList<string> Texts, int InputTokens, int OutputTokens);

/// <summary>A target that is ready to be measured, with the prompts and the energy meter that fit it.</summary>
public sealed class PreparedTarget : IAsyncDisposable
{
    private readonly IDisposable? _lease;

    private PreparedTarget(ILoadTarget target, Func<ulong, IPromptSource> prompts, IEnergyMeter? energy, string? energyUnavailable, IDisposable? lease)
    {
        Target = target;
        Prompts = prompts;
        Energy = energy;
        EnergyUnavailable = energyUnavailable;
        _lease = lease;
    }

    /// <summary>The target.</summary>
    public ILoadTarget Target { get; }

    /// <summary>Makes the prompts of a run from its seed.</summary>
    public Func<ulong, IPromptSource> Prompts { get; }

    /// <summary>Meters its energy; null when nothing here can.</summary>
    public IEnergyMeter? Energy { get; }

    /// <summary>Why there is no meter; null when there is one.</summary>
    public string? EnergyUnavailable { get; }

    /// <summary>Weight precision in lower case; null when not known.</summary>
    public string? Precision { get; private init; }

    /// <summary>True when the model's weights are random.</summary>
    public bool RandomWeights { get; private init; }

    /// <summary>What was decided on the way, for the verbose stream.</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>Loads a model into an engine of this process.</summary>
    /// <param name="model">The model.</param>
    /// <param name="engine">How it is loaded.</param>
    /// <param name="prompts">What to send.</param>
    /// <param name="declaredWatts">Power to count with where nothing can be metered; null for none.</param>
    /// <param name="progress">Gets 0 to 1 while the model is made or loaded; null for none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TokenFactoryException">The model can't be loaded, or a prompt can't be encoded.</exception>
    public static PreparedTarget Local(
        ModelReference model, EngineOptions engine, PromptOptions prompts, double? declaredWatts, IProgress<float>? progress, CancellationToken cancellationToken)
    {
        ModelFolder folder = model.Open(null, progress, cancellationToken);
        EngineLease lease = EngineCache.Acquire(folder, engine, progress, cancellationToken);
        try
        {
            ModelInfo info = lease.Engine.Model;
            Func<ulong, IPromptSource> source;
            if (prompts.Texts.Count > 0)
            {
                Tokenizer tokenizer = folder.TokenizerPath is { } path ? Tokenizer.Load(path) : throw new TokenFactoryException("TokenizerMissing", FailureKind.NotFound,
                    $"The model '{info.Name}' has no tokenizer.json, so text can't be encoded. Leave the prompts out to measure with synthetic ones.", folder.Path);
                var fixedPrompts = new FixedPrompts(prompts.Texts, prompts.OutputTokens, t => tokenizer.EncodeToIds(t));
                source = _ => fixedPrompts;
            }
            else
            {
                var writer = new TokenPromptWriter(info.VocabularySize ?? folder.Graph.VocabularySize, [.. info.EndTokenIds]);
                source = seed => new SyntheticPrompts(writer, prompts.InputTokens, prompts.OutputTokens, seed);
            }

            bool cpu = string.Equals(lease.Engine.Provider, "Cpu", StringComparison.OrdinalIgnoreCase);
            EnergyMeter meter = EnergyMeter.Open(
                new EnergyMeterOptions { Target = cpu ? EnergyTarget.Cpu : EnergyTarget.Accelerators, DeclaredWatts = declaredWatts }, cancellationToken);
            return new PreparedTarget(new EngineTarget(lease.Engine), source, meter, meter.Reason, lease) { Precision = info.Precision, RandomWeights = info.RandomWeights };
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>Prepares a client of a server.</summary>
    /// <param name="server">How to reach it.</param>
    /// <param name="prompts">What to send.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="declaredWatts">Its power; null when not known.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TokenFactoryException">The address or the options are wrong.</exception>
    public static async Task<PreparedTarget> ServerAsync(
        ServerOptions server, PromptOptions prompts, ulong seed, double? declaredWatts, CancellationToken cancellationToken)
    {
        var target = new ServerTarget(server);
        try
        {
            List<string> notes = [];
            Func<ulong, IPromptSource> source;
            if (prompts.Texts.Count > 0)
            {
                var fixedPrompts = new FixedPrompts(prompts.Texts, prompts.OutputTokens);
                source = _ => fixedPrompts;
            }
            else
            {
                var writer = new WordPromptWriter(server.CountTokens);
                int? counted = await PromptCalibration.RunAsync(target, writer, prompts.InputTokens, seed, cancellationToken).ConfigureAwait(false);
                notes.Add(counted is { } tokens
                    ? FormattableString.Invariant($"The server adds {writer.Overhead} tokens to a prompt; the last probe had {tokens} of {prompts.InputTokens} input tokens by its count.")
                    : "The server reported no input tokens for a probe: prompts are as many words as tokens were asked for.");
                notes.Add(FormattableString.Invariant($"The prompts' seed is {seed}: -Seed {seed} sends them again."));
                source = s => new SyntheticPrompts(writer, prompts.InputTokens, prompts.OutputTokens, s);
            }

            (IEnergyMeter? meter, string? reason) = Meter(server.Uri, declaredWatts, cancellationToken);
            return new PreparedTarget(target, source, meter, reason, null) { Notes = notes };
        }
        catch
        {
            await target.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Target.DisposeAsync().ConfigureAwait(false);
        Energy?.Dispose();
        _lease?.Dispose();
    }

    private static (IEnergyMeter? Meter, string? Reason) Meter(Uri address, double? declaredWatts, CancellationToken cancellationToken)
    {
        if (address.IsLoopback)
        {
            EnergyMeter here = EnergyMeter.Open(new EnergyMeterOptions { DeclaredWatts = declaredWatts }, cancellationToken);
            return (here, here.Reason);
        }

        return declaredWatts is { } watts
            ? (new DeclaredEnergy(watts), null)
            : (null, "The server is another machine, whose energy can't be metered from here. Give its power with -PowerWatts.");
    }
}
