namespace TokenFactory.Tools.Infrastructure;

/// <summary>Passes progress on at once, on the reporting thread; <see cref="PipelineWriter"/> does the rest.</summary>
/// <remarks><see cref="Progress{T}"/> would queue reports that arrive after the work is done.</remarks>
internal sealed class ImmediateProgress : IProgress<float>
{
    private readonly Action<float> _report;

    /// <summary>Creates a progress.</summary>
    /// <param name="report">Gets 0 to 1.</param>
    public ImmediateProgress(Action<float> report) => _report = report;

    /// <inheritdoc/>
    public void Report(float value) => _report(value);
}
