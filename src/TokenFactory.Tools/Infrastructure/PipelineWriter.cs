using System.Collections.Concurrent;
using System.Management.Automation;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Lets work on other threads write to a cmdlet's streams: every call is carried to the pipeline's thread in order.</summary>
/// <remarks>Thread-safe. Progress is not queued: only the newest record is shown, at most five times a second.</remarks>
#pragma warning disable CA1001 // Abandoned work may still write when the command is gone; the collection has no handle that is not made lazily.
public sealed class PipelineWriter
#pragma warning restore CA1001
{
    private const int ProgressIntervalMilliseconds = 200;

    private readonly BlockingCollection<Action<Cmdlet>> _actions = new(boundedCapacity: 1024);
    private ProgressRecord? _progress;

    private PipelineWriter()
    {
    }

    /// <summary>Writes an object to the output.</summary>
    /// <param name="value">The object; a collection is written as one object.</param>
    public void Write(object value) => _actions.Add(c => c.WriteObject(value, enumerateCollection: false));

    /// <summary>Writes a non-terminating error.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="target">What it is about when the failure does not say.</param>
    public void Fail(Exception failure, object? target = null) => _actions.Add(c => c.WriteError(failure.ToErrorRecord(target)));

    /// <summary>Writes a warning.</summary>
    /// <param name="text">The text.</param>
    public void Warn(string text) => _actions.Add(c => c.WriteWarning(text));

    /// <summary>Says what was decided and why.</summary>
    /// <param name="text">The text.</param>
    public void Verbose(string text) => _actions.Add(c => c.WriteVerbose(text));

    /// <summary>Shows progress.</summary>
    /// <param name="activity">What is going on.</param>
    /// <param name="status">How far it is, in words.</param>
    /// <param name="fraction">0 to 1, or below 0 when unknown.</param>
    /// <param name="remaining">Time that is left; null when unknown.</param>
    public void Progress(string activity, string status, double fraction = -1, TimeSpan? remaining = null) =>
        Volatile.Write(ref _progress, new ProgressRecord(1, activity, status.Length == 0 ? " " : status)
        {
            PercentComplete = fraction < 0 ? -1 : (int)Math.Clamp(fraction * 100, 0, 100),
            SecondsRemaining = remaining is { } left ? (int)left.TotalSeconds : -1,
        });

    internal static void Run(Cmdlet cmdlet, Func<PipelineWriter, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        var writer = new PipelineWriter();
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        CancellationToken token = abandoned.Token;
        Task task = Task.Run(() => work(writer, token), CancellationToken.None);
        _ = task.ContinueWith(_ => writer._actions.CompleteAdding(), TaskScheduler.Default);
        ProgressRecord? shown = null;
        try
        {
            while (!writer._actions.IsCompleted)
            {
                if (writer._actions.TryTake(out Action<Cmdlet>? action, ProgressIntervalMilliseconds, token))
                {
                    action(cmdlet);
                }

                shown = writer.ShowProgress(cmdlet, shown);
            }
        }
        catch
        {
            // The pipeline stopped, or a command behind us took all it wanted (Select-Object -First): nobody hears the work any more.
            abandoned.Cancel();
            writer.Drain();
            _ = task.ContinueWith(t => t.Exception, TaskScheduler.Default);
            throw;
        }
        finally
        {
            if (shown is not null)
            {
                shown.RecordType = ProgressRecordType.Completed;
                cmdlet.WriteProgress(shown);
            }
        }

        task.GetAwaiter().GetResult();
    }

    private long _shownAt;

    private ProgressRecord? ShowProgress(Cmdlet cmdlet, ProgressRecord? shown)
    {
        ProgressRecord? newest = Volatile.Read(ref _progress);
        long now = Environment.TickCount64;
        if (newest is null || ReferenceEquals(newest, shown) || now - _shownAt < ProgressIntervalMilliseconds)
        {
            return shown;
        }

        _shownAt = now;
        cmdlet.WriteProgress(newest);
        return newest;
    }

    // Writers blocked on the bounded queue must get on to see the cancellation.
    private void Drain() => _ = Task.Run(() =>
    {
        foreach (Action<Cmdlet> _ in _actions.GetConsumingEnumerable())
        {
        }
    });
}
