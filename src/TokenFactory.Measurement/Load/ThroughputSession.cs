using System.Runtime.CompilerServices;
using System.Threading.Channels;
using MathNet.Numerics.Distributions;
using TokenFactory.Core.Definitions;
using TokenFactory.Hardware.Energy;
using TokenFactory.Measurement.Prompts;
using TokenFactory.Measurement.Records;
using TokenFactory.Measurement.Statistics;

namespace TokenFactory.Measurement.Load;

/// <summary>What a series of runs against one target measures.</summary>
public sealed record ThroughputOptions
{
    /// <summary>The loads, one after the other; empty with <see cref="SweepUpTo"/>.</summary>
    public IReadOnlyList<LoadShape> Shapes { get; init; } = [];

    /// <summary>Highest concurrency of a sweep that finds the knee; null for none.</summary>
    public int? SweepUpTo { get; init; }

    /// <summary>Measured requests of each run; null is 4 for each in flight, at least 20, when nothing else ends the run.</summary>
    public long? Requests { get; init; }

    /// <summary>Time after which a run sends no more; null for none.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Warm-up requests before the first run of each load; null is one for each in flight, at most 16, and more on an engine in this process until the runtime has compiled its code.</summary>
    public int? WarmupRequests { get; init; }

    /// <summary>True to keep the load up until the last measured request has ended.</summary>
    public bool CoolDown { get; init; }

    /// <summary>Runs of each load, at least 1; with <see cref="Confidence"/> the most.</summary>
    public int Repeats { get; init; } = 1;

    /// <summary>
    /// Half-width of the 95 % interval of the mean throughput over the repeats, as a share of it, that ends the repeats; null for a fixed number.
    /// </summary>
    public double? Confidence { get; init; }

    /// <summary>Longest time a request may take.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Seed of the arrivals: repeats of a load differ, loads of a series have the same.</summary>
    public ulong Seed { get; init; }

    /// <summary>Seed of the prompts, which differ from run to run of a series: a server's prefix cache must not answer them. Null is <see cref="Seed"/>.</summary>
    public ulong? PromptSeed { get; init; }

    /// <summary>Prices the runs and gives service levels; null for none.</summary>
    public FactoryDefinition? Factory { get; init; }

    /// <summary>The only tier to price and judge by; null for all.</summary>
    public string? Tier { get; init; }

    /// <summary>Service levels beside the factory's.</summary>
    public ServiceTarget? Service { get; init; }

    /// <summary>Accelerators of the target.</summary>
    public double Accelerators { get; init; } = 1;

    /// <summary>Weight precision; null when not known.</summary>
    public string? Precision { get; init; }

    /// <summary>True when the model's weights are random.</summary>
    public bool RandomWeights { get; init; }

    /// <summary>Meters energy; null when the target is elsewhere.</summary>
    public IEnergyMeter? Energy { get; init; }

    /// <summary>Why there is no meter; null when there is one.</summary>
    public string? EnergyUnavailable { get; init; }

    /// <summary>File for the raw records; null for none.</summary>
    public string? RecordPath { get; init; }
}

/// <summary>Runs a series of loads against one target.</summary>
/// <param name="target">The target; the caller disposes it.</param>
/// <param name="prompts">Makes the prompts of a run from its seed.</param>
/// <param name="options">What to measure.</param>
public sealed class ThroughputSession(ILoadTarget target, Func<ulong, IPromptSource> prompts, ThroughputOptions options)
{
    private const int FewestRepeats = 3;

    private readonly List<ThroughputMeasurement> _measured = [];
    private ulong _runs;

    /// <summary>Concurrency at which a sweep found the knee: the smallest that reaches 95 % of the highest throughput; null before or without.</summary>
    public int? Knee { get; private set; }

    /// <summary>Why the raw records are not whole; null when they are or none were asked for.</summary>
    public Core.TokenFactoryException? RecordFailure { get; private set; }

    /// <summary>The measurements as each is ready.</summary>
    /// <remarks>When stopped, the run at hand ends and its measurement, marked as not completed, is the last.</remarks>
    /// <param name="progress">Gets progress with the load in its activity; null for none.</param>
    /// <param name="cancellationToken">Stops the series.</param>
    public async IAsyncEnumerable<ThroughputMeasurement> RunAsync(
        IProgress<LoadProgress>? progress, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        RecordWriter? records = options.RecordPath is { } path ? new RecordWriter(path) : null;
        try
        {
            Channel<ThroughputMeasurement> results = Channel.CreateUnbounded<ThroughputMeasurement>();
            Task running = Task.Run(
                async () =>
                {
                    try
                    {
                        await SeriesAsync(results.Writer, records, progress, cancellationToken).ConfigureAwait(false);
                        results.Writer.Complete();
                    }
                    catch (Exception e)
                    {
                        results.Writer.Complete(e);
                    }
                },
                CancellationToken.None);

            // The token is not passed on: what was measured before the stop must still come out.
            await foreach (ThroughputMeasurement measurement in results.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                yield return measurement;
            }

            await running.ConfigureAwait(false);
        }
        finally
        {
            records?.Dispose();
            RecordFailure = records?.Failure;
        }
    }

    private async Task SeriesAsync(ChannelWriter<ThroughputMeasurement> results, RecordWriter? records, IProgress<LoadProgress>? progress, CancellationToken stop)
    {
        if (options.SweepUpTo is { } most)
        {
            await SweepAsync(most, results, records, progress, stop).ConfigureAwait(false);
            return;
        }

        foreach (LoadShape shape in options.Shapes)
        {
            if (await RepeatAsync(shape, results, records, progress, stop).ConfigureAwait(false) is null)
            {
                return;
            }
        }
    }

    /// <summary>Runs a load as often as asked; the answer is its mean throughput, null when stopped.</summary>
    private async Task<double?> RepeatAsync(
        LoadShape shape, ChannelWriter<ThroughputMeasurement> results, RecordWriter? records, IProgress<LoadProgress>? progress, CancellationToken stop)
    {
        List<double> rates = [];
        for (int repeat = 1; repeat <= options.Repeats; repeat++)
        {
            ThroughputMeasurement measured = await OnceAsync(shape, repeat, records, progress, stop).ConfigureAwait(false);
            if (stop.IsCancellationRequested)
            {
                if (measured.Requests > 0)
                {
                    results.TryWrite(measured);
                }

                return null;
            }

            _measured.Add(measured);
            results.TryWrite(measured);
            rates.Add(measured.OutputTokensPerSecond ?? 0);
            if (options.Confidence is { } share && repeat >= FewestRepeats && HalfWidth(rates) <= share * rates.Average())
            {
                break;
            }
        }

        return rates.Average();
    }

    private async Task<ThroughputMeasurement> OnceAsync(
        LoadShape shape, int repeat, RecordWriter? records, IProgress<LoadProgress>? progress, CancellationToken stop)
    {
        int width = shape switch { ConcurrencyLoad c => c.Concurrency, SessionLoad s => s.Sessions, _ => 5 };
        bool traced = shape is TraceLoad;
        ulong seed = options.Seed + (ulong)(repeat - 1);
        var plan = new LoadPlan
        {
            Shape = shape,
            Prompts = prompts(new SplitMix(options.PromptSeed ?? options.Seed, ++_runs).Next()),
            Requests = options.Requests ?? (options.Duration is null && !traced ? Math.Max(20, 4L * width) : null),
            Duration = options.Duration,
            WarmupRequests = repeat > 1 ? 0 : options.WarmupRequests ?? Math.Min(16, width),
            WarmUpUntilCompiled = target.InProcess && repeat == 1 && options.WarmupRequests is null,
            CoolDown = options.CoolDown,
            RequestTimeout = options.RequestTimeout,
            Seed = seed,
            Repeat = repeat,
            ServiceTargets = ServiceTargets(),
            Records = records,
            Energy = options.Energy,
            EnergyUnavailable = options.EnergyUnavailable,
        };
        string activity = options.Repeats > 1 ? FormattableString.Invariant($"{shape.Describe()}, repeat {repeat}") : shape.Describe();
        using var runner = new LoadRunner(plan, target);
        ThroughputMeasurement measured = await runner.RunAsync(
            new RunDescription
            {
                Model = target.Model,
                Provider = target.Provider,
                Api = target.Api,
                Load = "",
                Accelerators = options.Accelerators,
                Precision = options.Precision,
                RandomWeights = options.RandomWeights,
                RecordPath = options.RecordPath,
            },
            progress is null ? null : new Named(progress, activity), stop).ConfigureAwait(false);
        return options.Factory is null ? measured : MeasurementCost.Price(measured, options.Factory, options.Tier);
    }

    private async Task SweepAsync(
        int most, ChannelWriter<ThroughputMeasurement> results, RecordWriter? records, IProgress<LoadProgress>? progress, CancellationToken stop)
    {
        SortedDictionary<int, double> measured = [];
        int flat = 0;
        for (int concurrency = 1; concurrency <= most && flat < 2; concurrency *= 2)
        {
            double best = measured.Count == 0 ? 0 : measured.Values.Max();
            if (await RepeatAsync(new ConcurrencyLoad(concurrency), results, records, progress, stop).ConfigureAwait(false) is not { } rate)
            {
                return;
            }

            measured[concurrency] = rate;
            flat = rate < 1.05 * best ? flat + 1 : 0;
        }

        // Doubling leaves the knee between two powers: halve the gap as long as it is wider than a fifth of it.
        while (true)
        {
            int knee = KneeOf(measured);
            int below = measured.Keys.Where(c => c < knee).DefaultIfEmpty(knee).Max();
            int middle = (below + knee) / 2;
            if (knee - below <= Math.Max(1, knee / 5))
            {
                Knee = knee;
                foreach (ThroughputMeasurement measurement in _measured.Where(m => m.Concurrency == knee))
                {
                    measurement.IsKnee = true;
                }

                return;
            }

            if (await RepeatAsync(new ConcurrencyLoad(middle), results, records, progress, stop).ConfigureAwait(false) is not { } rate)
            {
                return;
            }

            measured[middle] = rate;
        }
    }

    private static int KneeOf(SortedDictionary<int, double> measured)
    {
        double enough = 0.95 * measured.Values.Max();
        return measured.First(m => m.Value >= enough).Key;
    }

    private List<ServiceTarget> ServiceTargets()
    {
        List<ServiceTarget> targets = options.Factory is { } factory ? [.. MeasurementCost.ServiceTargets(factory, options.Tier)] : [];
        if (options.Service is { } service)
        {
            targets.Add(service);
        }

        return targets;
    }

    private static double HalfWidth(List<double> values)
    {
        double mean = values.Average();
        double deviation = Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1));
        return StudentT.InvCDF(0, 1, values.Count - 1, 0.975) * deviation / Math.Sqrt(values.Count);
    }

    private sealed class Named(IProgress<LoadProgress> inner, string load) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => inner.Report(value with { Activity = $"{value.Activity}: {load}" });
    }
}
