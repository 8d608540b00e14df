using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Models;
using TokenFactory.Measurement.Http;
using TokenFactory.Measurement.Load;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

// What was typed, as what the core takes.
public sealed partial class MeasureTokenFactoryThroughputCommand
{
    internal ThroughputOptions Options(string? records) => new()
    {
        Shapes = Shapes(),
        SweepUpTo = Sweep ? MaximumConcurrency : null,
        Requests = Requests,
        Duration = Duration,
        WarmupRequests = WarmUp,
        CoolDown = CoolDown,
        Repeats = Confidence is not null && !MyInvocation.BoundParameters.ContainsKey(nameof(Repeat)) ? 20 : Repeat,
        Confidence = Confidence,
        RequestTimeout = RequestTimeout,
        Seed = (ulong)Seed,
        PromptSeed = PromptSeed,
        Factory = Factory,
        Tier = Tier,
        Service = TtftLimit is null && InteractivityLimit is null ? null : new ServiceTarget("service", TtftLimit, InteractivityLimit),
        Accelerators = Accelerators,
        RecordPath = records,
    };

    internal ulong PromptSeed => MyInvocation.BoundParameters.ContainsKey(nameof(Seed)) ? (ulong)Seed : _drawnSeed;

    internal PromptOptions Prompts() => new(_prompts, InputTokens, OutputTokens);

    internal EngineOptions Engine() => new()
    {
        Provider = Provider,
        Threads = Threads,
        MaxBatch = Math.Clamp(ParameterSetName switch { "Concurrency" => Concurrency.Max(), "Session" => Session.Max(), _ => 16 }, 16, 256),
        PrefixReuse = ParameterSetName is "Session" or "Trace",
    };

    internal ServerOptions Server(string model) => new()
    {
        Uri = Uri!,
        Model = model,
        Api = Api,
        ApiKey = ServerSecret.From(ApiKey),
        AllowUnencryptedAuthentication = AllowUnencryptedAuthentication,
        HttpVersion = HttpVersion is null ? null : Version.Parse(HttpVersion),
        SkipCertificateCheck = SkipCertificateCheck,
        IgnoreEndOfSequence = IgnoreEndOfSequence,
        ExtraBody = ThroughputInput.Body(Body),
        CountTokens = ThroughputInput.Counter(Tokenizer, SessionState),
    };

    internal ModelReference Reference(object? model) => ThroughputInput.Model(model, SessionState);

    private LoadShape[] Shapes() => ParameterSetName switch
    {
        "Rate" => [.. Rate.Select(r => new RateLoad(r, Arrival, Variation))],
        "Ramp" => [new RampLoad(RampFrom, RampTo, Ramp)],
        "Trace" => [new TraceLoad(Path.GetFileName(Trace!), TraceReader.Read(SessionPaths.Unresolved(SessionState, Trace!), (int?)Requests), TraceSpeed)],
        "Session" => [.. Session.Select(s => new SessionLoad(s, Turns, ThinkTime))],
        "Sweep" => [],
        _ => [.. Concurrency.Select(c => new ConcurrencyLoad(c))],
    };
}
