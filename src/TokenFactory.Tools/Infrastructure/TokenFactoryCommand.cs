using System.Management.Automation;
using TokenFactory.Core;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Base of every cmdlet: it can be stopped, and the core's failures become error records with stable ids.</summary>
/// <remarks>
/// A failure in <see cref="OnRecord"/> is an error of that record and the next record goes on; a failure in <see cref="OnBegin"/>
/// or <see cref="OnEnd"/> ends the command. A core call that was cancelled by Ctrl+C ends the pipeline without an error record.
/// </remarks>
public abstract class TokenFactoryCommand : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Cancelled when the user stops the pipeline.</summary>
    protected CancellationToken StopToken => _stop.Token;

    /// <inheritdoc/>
    protected sealed override void BeginProcessing() => Guard(Read(OnBegin), endsCommand: true);

    /// <inheritdoc/>
    protected sealed override void ProcessRecord() => Guard(Read(OnRecord), endsCommand: false);

    /// <inheritdoc/>
    protected sealed override void EndProcessing() => Guard(OnEnd, endsCommand: true);

    /// <inheritdoc/>
    protected sealed override void StopProcessing() => _stop.Cancel();

    /// <summary>Runs once before the first record.</summary>
    protected virtual void OnBegin()
    {
    }

    /// <summary>Runs for each record.</summary>
    protected virtual void OnRecord()
    {
    }

    /// <summary>Runs once after the last record.</summary>
    protected virtual void OnEnd()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the command owns.</summary>
    /// <param name="disposing">True from <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stop.Dispose();
        }
    }

    /// <summary>Writes a failure as a non-terminating error; output already written stays, the next record goes on.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="target">What it is about when the failure does not say.</param>
    protected void WriteFailure(Exception failure, object? target = null) => WriteError(failure.ToErrorRecord(target));

    /// <summary>
    /// Runs work on another thread and lets it write to the pipeline through <see cref="PipelineWriter"/>; returns when it is done.
    /// </summary>
    /// <param name="work">The work. It gets the token that Ctrl+C cancels.</param>
    protected void Pump(Func<PipelineWriter, CancellationToken, Task> work) => PipelineWriter.Run(this, work, StopToken);

    // An argument that could not be read ends the command; one of the pipeline's is an error of its record.
    private Action Read(Action action) => () =>
    {
        Unread.Throw(MyInvocation.BoundParameters.Values);
        action();
    };

    private void Guard(Action action, bool endsCommand)
    {
        try
        {
            action();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        catch (Exception e) when (e is TokenFactoryException or IOException or UnauthorizedAccessException)
        {
            ErrorRecord record = e.ToErrorRecord();
            if (endsCommand)
            {
                ThrowTerminatingError(record);
            }

            WriteError(record);
        }
    }
}
