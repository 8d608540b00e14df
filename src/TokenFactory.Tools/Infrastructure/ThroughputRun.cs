using System.Management.Automation.Host;
using TokenFactory.Measurement;
using TokenFactory.Measurement.Load;
using TokenFactory.Tools.Commands;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>One model's or server's measurements on their way to the pipeline.</summary>
/// <param name="command">What was typed.</param>
/// <param name="model">The model.</param>
/// <param name="records">Full path for the raw records; null for none.</param>
internal sealed class ThroughputRun(MeasureTokenFactoryThroughputCommand command, object? model, string? records)
{
    // Ctrl+C must give the prompt back at once; this much of it may go into closing the records.
    private const int StopMilliseconds = 30;

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ThroughputMeasurement? _stopped;

    /// <summary>Measures.</summary>
    /// <param name="writer">The pipeline.</param>
    /// <param name="stopped">Cancelled when the pipeline is stopped.</param>
    public async Task MeasureAsync(PipelineWriter writer, CancellationToken stopped)
    {
        // The thread that stops the pipeline must not be the one that ends thousands of requests.
        using var ending = new CancellationTokenSource();
        CancellationToken stop = ending.Token;
        CancellationTokenRegistration registration = stopped.UnsafeRegister(static s => _ = ((CancellationTokenSource)s!).CancelAsync(), ending);
        try
        {
            ThroughputOptions options = command.Options(records);
            await using PreparedTarget target = await PrepareAsync(writer, stop).ConfigureAwait(false);
            foreach (string note in target.Notes)
            {
                writer.Verbose(note);
            }

            options = options with
            {
                Energy = target.Energy,
                EnergyUnavailable = target.EnergyUnavailable,
                Precision = target.Precision,
                RandomWeights = target.RandomWeights,
            };
            var session = new ThroughputSession(target.Target, target.Prompts, options);
            await foreach (ThroughputMeasurement measured in session.RunAsync(new Reporter(writer), stop).ConfigureAwait(false))
            {
                if (!measured.Completed)
                {
                    _stopped = measured;
                }

                Warn(writer, measured);
                writer.Write(measured);
            }

            if (session.Knee is { } knee)
            {
                writer.Verbose(FormattableString.Invariant($"The knee is at concurrency {knee}: the smallest that reaches 95 % of the highest throughput."));
            }

            if (session.RecordFailure is { } failure)
            {
                writer.Fail(failure, records);
            }
        }
        finally
        {
            registration.Unregister();
            _ended.TrySetResult();
        }
    }

    /// <summary>After Ctrl+C nothing reaches the pipeline any more: the run at hand is told to the person instead.</summary>
    /// <param name="host">The session's host.</param>
    public void SayWhatWasMeasured(PSHost? host)
    {
        _ended.Task.Wait(StopMilliseconds);
        if (_stopped is { } m && host?.UI is { } screen)
        {
            screen.WriteWarningLine(FormattableString.Invariant(
                $"Stopped. So far: {m.Load}, {m.Requests} requests, {m.Failed} failed, {FormatHelpers.Si(m.OutputTokensPerSecond, "tok/s")}, TTFT P50 {FormatHelpers.Duration(m.TtftSeconds.P50)}, TPOT P50 {FormatHelpers.Duration(m.TpotSeconds.P50)}.")
                + (records is null ? "" : $" The records are in {records}."));
        }
    }

    private Task<PreparedTarget> PrepareAsync(PipelineWriter writer, CancellationToken stop)
    {
        if (command.Uri is not null)
        {
            writer.Progress("Measuring throughput", $"Asking {command.Uri.Host}");
            return PreparedTarget.ServerAsync(command.Server(ThroughputInput.ServerModel(model)), command.Prompts(), command.PromptSeed, command.PowerWatts, stop);
        }

        return Task.FromResult(PreparedTarget.Local(
            ThroughputInput.Model(model, command.SessionState), command.Engine(), command.Prompts(), command.PowerWatts,
            new ImmediateProgress(fraction => writer.Progress("Measuring throughput", "Loading the model", fraction)), stop));
    }

    private static void Warn(PipelineWriter writer, ThroughputMeasurement measured)
    {
        if (measured.ClientLimit is { } limit)
        {
            writer.Warn($"{measured.Load}: the client was the limit, so the figures say little about the target. {limit}");
        }

        foreach ((string reason, long count) in measured.Failures)
        {
            writer.Warn(FormattableString.Invariant($"{measured.Load}: {count} of {measured.Requests} requests failed, {reason}: {measured.FailureExamples.GetValueOrDefault(reason)}"));
        }
    }

    private sealed class Reporter(PipelineWriter writer) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value)
        {
            TimeSpan? left = value.Fraction is > 0.02 and <= 1 ? value.Elapsed * ((1 / value.Fraction) - 1) : null;
            string of = value.Planned is { } planned ? FormattableString.Invariant($" of {planned}") : "";
            string failed = value.Failed > 0 ? FormattableString.Invariant($", {value.Failed} failed") : "";
            writer.Progress("Measuring throughput", FormattableString.Invariant(
                $"{value.Activity}: {value.Ended}{of} requests{failed}, {FormatHelpers.Si(value.OutputTokensPerSecond, "tok/s")}"), value.Fraction, left);
        }
    }
}
