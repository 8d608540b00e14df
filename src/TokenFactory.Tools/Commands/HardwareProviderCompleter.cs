using System.Collections;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Completes execution providers that the loaded ONNX Runtime lists.</summary>
public sealed class HardwareProviderCompleter : NameCompleter
{
    /// <inheritdoc/>
    protected override IEnumerable<(string Name, string Description)> Names(IDictionary boundParameters) =>
        Hardware.Roofline.HardwareBenchmark.ListedProviders().Select(p => (p, $"Execution provider {p}"));
}
