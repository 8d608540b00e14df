using System.Management.Automation;
using TokenFactory.Hardware.Roofline;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Measures what serving sees of this machine: memory bandwidth, matrix products by precision, and the ridge between them.</summary>
/// <remarks>
/// Memory is measured as STREAM does it (read, copy, scale, add, triad; all usable threads; arrays far larger than the caches; the best of
/// several passes). Compute is measured with matrix products in ONNX Runtime on each execution provider: many rows as in prefill, and one row as in
/// decode. Decoding a sequence reads every weight once for two operations, so it is limited by bandwidth up to RidgeBatch sequences
/// in one step, and by compute from there. A provider or precision that does not work here has its reason instead of a figure.
/// The machine should be otherwise idle. It takes some ten seconds a provider.
/// </remarks>
/// <example>
/// <code>Measure-TokenFactoryHardware -Precision int4 -SecondsPerTest 0.1</code>
/// <para>Measures memory bandwidth and int4 products, quickly.</para>
/// </example>
/// <example>
/// <code>(Measure-TokenFactoryHardware -Provider CPU -Precision int4 -SecondsPerTest 0.1).Compute | Format-List</code>
/// <para>Shows speed, ridge point and ridge batch of int4 on the processor.</para>
/// </example>
/// <example>
/// <code>(Measure-TokenFactoryHardware -Precision int4 -SecondsPerTest 0.1).Bandwidth | Format-Table Kernel, BytesPerSecond</code>
/// <para>Shows the memory bandwidth by access pattern.</para>
/// </example>
[Cmdlet(VerbsDiagnostic.Measure, "TokenFactoryHardware")]
[OutputType(typeof(HardwareMeasurement))]
public sealed class MeasureTokenFactoryHardwareCommand : TokenFactoryCommand
{
    /// <summary>Execution providers to measure, such as CPU or CUDA. Default: every one that the loaded ONNX Runtime lists.</summary>
    [Parameter(Position = 0)]
    [ArgumentCompleter(typeof(HardwareProviderCompleter))]
    public string[] Provider { get; set; } = [];

    /// <summary>Weight precisions to measure. Default: all.</summary>
    [Parameter]
    [ValidateSet("fp32", "fp16", "int8", "int4")]
    public string[] Precision { get; set; } = [];

    /// <summary>Seconds to spend on each matrix product. Default: 0.5.</summary>
    [Parameter]
    [ValidateRange(0.01, 60)]
    public double SecondsPerTest { get; set; } = 0.5;

    /// <summary>Threads to use. Default: every hardware thread that this process may use.</summary>
    [Parameter]
    [ValidateRange(1, 4096)]
    public int Threads { get; set; }

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        var options = new HardwareBenchmarkOptions
        {
            Providers = Provider,
            Precisions = Precision,
            SecondsPerTest = SecondsPerTest,
            Memory = new MemoryBandwidthOptions { Threads = MyInvocation.BoundParameters.ContainsKey(nameof(Threads)) ? Threads : 0 },
        };
        Pump((writer, token) =>
        {
            var progress = new StepProgress(writer);
            foreach (HardwareMeasurement measurement in HardwareBenchmark.Measure(options, progress, token))
            {
                writer.Write(measurement);
            }

            return Task.CompletedTask;
        });
    }

    private sealed class StepProgress(PipelineWriter writer) : IProgress<(string Step, float Share)>
    {
        public void Report((string Step, float Share) value) => writer.Progress("Measuring this machine", value.Step, value.Share);
    }
}
