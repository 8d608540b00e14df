using System.Management.Automation;
using TokenFactory.Core;
using TokenFactory.Core.Definitions;
using TokenFactory.Inference.Providers;
using TokenFactory.Measurement;
using TokenFactory.Measurement.Http;
using TokenFactory.Measurement.Load;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Measures tokens/s, TTFT, TPOT, goodput, joules and cost of a local model or an OpenAI-compatible server under load.</summary>
/// <remarks>
/// <para>Without -Uri a model is loaded into this process; with -Uri any server that speaks OpenAI's chat or completions is driven, and -Model is its name there.
/// The load keeps requests in flight (-Concurrency), lets them arrive (-Rate, -RampTo), replays a trace (-Trace), plays users with sessions (-Session), or
/// looks for the knee (-Sweep). Each run gives one object as soon as it has ended, and -RecordPath keeps every request.</para>
/// <para>What each figure means is in about_TokenFactory_Metrics and docs/metrics.md.</para>
/// </remarks>
/// <example>
///   <code>Measure-TokenFactoryThroughput -Concurrency 1, 4 -Requests 8 -InputTokens 32 -OutputTokens 16</code>
///   <para>The embedded model at two concurrencies: how throughput grows and speed per user falls.</para>
/// </example>
/// <example>
///   <code>Measure-TokenFactoryThroughput -Rate 20 -Requests 20 -InputTokens 16 -OutputTokens 8 -TtftLimit 0.5 | Select-Object RequestedRate, AchievedRate, GoodputRatio</code>
///   <para>Requests that arrive at random, 20 a second, and the share that gets its first token within half a second.</para>
/// </example>
/// <example>
///   <code>Measure-TokenFactoryThroughput demo -Concurrency 2 -Requests 6 -OutputTokens 8 -Repeat 3 -RecordPath base.jsonl | Format-List Repeat, OutputTokensPerSecond, TtftSeconds</code>
///   <para>Three repeats with raw records: a baseline for Compare-TokenFactoryMeasurement.</para>
/// </example>
[Cmdlet(VerbsDiagnostic.Measure, "TokenFactoryThroughput", DefaultParameterSetName = "Concurrency")]
[OutputType(typeof(ThroughputMeasurement))]
public sealed partial class MeasureTokenFactoryThroughputCommand : TokenFactoryCommand
{
    private readonly ulong _drawnSeed = (ulong)Random.Shared.NextInt64();
    private readonly List<object> _models = [];
    private readonly List<string> _prompts = [];

    /// <summary>The model: an object of Get-TokenFactoryModel, a name or a path; with -Uri its name on the server. The default is the embedded model.</summary>
    [Parameter(Position = 0)]
    [ArgumentCompleter(typeof(ModelCompleter))]
    [ValidateNotNullOrEmpty]
    public object? Model { get; set; }

    /// <summary>Address of an OpenAI-compatible server: its host, its /v1, or the whole address of the call.</summary>
    [Parameter]
    public Uri? Uri { get; set; }

    /// <summary>The server's call: Chat or Completions. The default is what the address says, else Chat.</summary>
    [Parameter]
    public ServerApi? Api { get; set; }

    /// <summary>The server's key, as a SecureString or as a PSCredential whose password it is. It goes into the request's header and nowhere else.</summary>
    [Parameter]
    public object? ApiKey { get; set; }

    /// <summary>Sends the key over an unencrypted connection to another machine.</summary>
    [Parameter]
    public SwitchParameter AllowUnencryptedAuthentication { get; set; }

    /// <summary>HTTP version: 1.1 or 2.0. The default is 2.0 where TLS negotiates it, else 1.1.</summary>
    [Parameter]
    [ValidateSet("1.1", "2.0")]
    public string? HttpVersion { get; set; }

    /// <summary>Takes any certificate of the server.</summary>
    [Parameter]
    public SwitchParameter SkipCertificateCheck { get; set; }

    /// <summary>Asks the server for outputs of the full length (ignore_eos, which vLLM, SGLang, TensorRT-LLM and llama.cpp know).</summary>
    [Parameter]
    public SwitchParameter IgnoreEndOfSequence { get; set; }

    /// <summary>Further fields of the server's request as a hashtable, for example @{ temperature = 0 }.</summary>
    [Parameter]
    public System.Collections.IDictionary? Body { get; set; }

    /// <summary>A tokenizer for this side's own count of a server's output and for prompts of an exact length: a model, or a tokenizer.json.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ModelCompleter))]
    public string? Tokenizer { get; set; }

    /// <summary>Execution provider of a local model: Auto, Cpu, Cuda and others.</summary>
    [Parameter]
    public ExecutionProvider Provider { get; set; }

    /// <summary>Threads of a local engine's step; absent is the cores that this process may use.</summary>
    [Parameter]
    [ValidateRange(1, 4096)]
    public int? Threads { get; set; }

    /// <summary>Requests kept in flight, one run each.</summary>
    [Parameter(ParameterSetName = "Concurrency")]
    [ValidateRange(1, 100_000)]
    public int[] Concurrency { get; set; } = [1, 2, 4, 8];

    /// <summary>Requests per second that arrive whether earlier ones have ended or not, one run each.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Rate")]
    [ValidateRange(0.001, 1_000_000)]
    public double[] Rate { get; set; } = [];

    /// <summary>How the gaps between arrivals are distributed: Constant, Poisson or Gamma.</summary>
    [Parameter(ParameterSetName = "Rate")]
    public ArrivalProcess Arrival { get; set; } = ArrivalProcess.Poisson;

    /// <summary>Coefficient of variation of Gamma's gaps: 1 is Poisson, more is burstier.</summary>
    [Parameter(ParameterSetName = "Rate")]
    [ValidateRange(0.01, 100)]
    public double Variation { get; set; } = 1;

    /// <summary>Requests per second at the end of a ramp; -Duration ends the run.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Ramp")]
    [ValidateRange(0.001, 1_000_000)]
    public double RampTo { get; set; }

    /// <summary>Requests per second at the start of the ramp.</summary>
    [Parameter(ParameterSetName = "Ramp")]
    [ValidateRange(0, 1_000_000)]
    public double RampFrom { get; set; }

    /// <summary>Length of the ramp; the rate stays at its end after it.</summary>
    [Parameter(ParameterSetName = "Ramp")]
    [DurationTransformation]
    public TimeSpan Ramp { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>A recorded trace to replay: Azure's CSV, or Mooncake's JSON lines, whose prefix blocks become shared text.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Trace")]
    [ValidateNotNullOrEmpty]
    public string? Trace { get; set; }

    /// <summary>How many times faster than recorded.</summary>
    [Parameter(ParameterSetName = "Trace")]
    [ValidateRange(0.001, 100_000)]
    public double TraceSpeed { get; set; } = 1;

    /// <summary>Users at once, who each send a turn, read the answer, think and send the next with all that was said before.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Session")]
    [ValidateRange(1, 100_000)]
    public int[] Session { get; set; } = [];

    /// <summary>Turns of a session.</summary>
    [Parameter(ParameterSetName = "Session")]
    [ValidateRange(1, 10_000)]
    public int Turns { get; set; } = 4;

    /// <summary>Time between an answer's end and the next turn.</summary>
    [Parameter(ParameterSetName = "Session")]
    [DurationTransformation]
    public TimeSpan ThinkTime { get; set; }

    /// <summary>Doubles the concurrency until throughput stops growing, then narrows down the knee: the smallest that reaches 95 % of the highest.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Sweep")]
    public SwitchParameter Sweep { get; set; }

    /// <summary>Highest concurrency of the sweep.</summary>
    [Parameter(ParameterSetName = "Sweep")]
    [ValidateRange(1, 100_000)]
    public int MaximumConcurrency { get; set; } = 256;

    /// <summary>Measured requests of each run, failures included and the warm-up not. The default is 4 for each in flight and at least 20, a trace's all.</summary>
    [Parameter]
    [ValidateRange(1L, 1_000_000_000L)]
    public long? Requests { get; set; }

    /// <summary>Time after which a run sends no more, as seconds or as text such as 30s, 5m.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan? Duration { get; set; }

    /// <summary>Runs of each load; with -Confidence the most, and then 20 unless said.</summary>
    [Parameter]
    [ValidateRange(1, 10_000)]
    public int Repeat { get; set; } = 1;

    /// <summary>Repeats until the 95 % interval of the mean throughput is at most this share of it to each side: 0.05 or 5%.</summary>
    [Parameter]
    [RatioTransformation]
    [ValidateRange(0.0001, 1)]
    public double? Confidence { get; set; }

    /// <summary>
    /// Requests before the first run of each load that are not measured. The default is one for each in flight, at most 16; on the local engine, whose code is compiled
    /// while it runs, more of them until that is done: 2 to 4 seconds in a fresh session.
    /// </summary>
    [Parameter]
    [ValidateRange(0, 1_000_000)]
    public int? WarmUp { get; set; }

    /// <summary>Keeps the load up with requests that are not measured until the last measured one has ended.</summary>
    [Parameter]
    public SwitchParameter CoolDown { get; set; }

    /// <summary>Input tokens of a synthetic prompt; a trace has its own.</summary>
    [Parameter]
    [ValidateRange(1, 10_000_000)]
    public int InputTokens { get; set; } = 64;

    /// <summary>Output tokens to ask for; a trace has its own.</summary>
    [Parameter]
    [ValidateRange(1, 10_000_000)]
    public int OutputTokens { get; set; } = 64;

    /// <summary>Prompts in place of synthetic ones: texts, or files by pipeline with one prompt each. Models of Get-TokenFactoryModel are measured one by one.</summary>
    [Parameter(ValueFromPipeline = true)]
    public object[]? Prompt { get; set; }

    /// <summary>Files with one prompt each; wildcards match.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[]? PromptPath { get; set; }

    /// <summary>A factory definition that prices the runs and judges goodput by its tiers' service levels.</summary>
    [Parameter]
    [FactoryTransformation]
    public FactoryDefinition? Factory { get; set; }

    /// <summary>The only tier of the factory to price and judge by.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(TierCompleter))]
    public string? Tier { get; set; }

    /// <summary>Longest TTFT of a request that counts as goodput, seconds.</summary>
    [Parameter]
    [ValidateRange(1e-6, 1e6)]
    public double? TtftLimit { get; set; }

    /// <summary>Slowest interactivity of a request that counts as goodput, tokens/s per user.</summary>
    [Parameter]
    [ValidateRange(1e-6, 1e9)]
    public double? InteractivityLimit { get; set; }

    /// <summary>Accelerators of the target: rates per accelerator divide by it.</summary>
    [Parameter]
    [ValidateRange(0.001, 1e6)]
    public double Accelerators { get; set; } = 1;

    /// <summary>Power to count joules with where nothing can be metered, watts; such joules are marked as declared.</summary>
    [Parameter]
    [ValidateRange(0.001, 1e10)]
    public double? PowerWatts { get; set; }

    /// <summary>File for a record of every request as JSON lines, which Import-TokenFactoryMeasurement reads.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? RecordPath { get; set; }

    /// <summary>Longest time that a request may take before it counts as failed.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Seed of arrivals and prompts: a command with the same seed sends the same requests at the same times again, so a server that caches prefixes knows them. Absent: the same times, but prompts that no command sent before; -Verbose tells their seed.</summary>
    [Parameter]
    [ValidateRange(0L, long.MaxValue)]
    public long Seed { get; set; }

    /// <inheritdoc/>
    protected override void OnRecord() => ThroughputInput.Sort(Prompt, _models, _prompts);

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        foreach (string path in PromptPath ?? [])
        {
            _prompts.AddRange(SessionPaths.ResolveExisting(SessionState, path, literal: false).Select(File.ReadAllText));
        }

        if (Uri is not null && Model is null && _models.Count == 0)
        {
            throw new TokenFactoryException("ModelNameMissing", FailureKind.InvalidInput, "A server needs the model's name. Give it with -Model as the server lists it under /v1/models.");
        }

        string? records = RecordPath is null ? null : SessionPaths.Unresolved(SessionState, RecordPath);
        object?[] models = _models.Count > 0 ? [.. _models] : [Model];
        if (models.Length > 1 && records is not null)
        {
            throw new TokenFactoryException("RecordPathShared", FailureKind.InvalidInput, "Several models can't share one -RecordPath. Measure them one by one, each with a file of its own.");
        }

        foreach (object? model in models)
        {
            var run = new ThroughputRun(this, model, records);
            try
            {
                Pump(run.MeasureAsync);
            }
            catch (Exception e) when (StopToken.IsCancellationRequested && e is OperationCanceledException or PipelineStoppedException)
            {
                // The latter where progress was shown: a stopping pipeline takes no record, not even the one that ends it.
                run.SayWhatWasMeasured(Host);
                throw;
            }
        }
    }
}
