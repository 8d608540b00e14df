using System.Collections;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Completes usual model sizes.</summary>
public sealed class ParameterCountCompleter : NameCompleter
{
    private static readonly string[] s_sizes = ["1M", "5M", "15M", "42M", "135M", "360M", "1.5B", "3B", "8B", "32B", "70B"];

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, string Description)> Names(IDictionary boundParameters) =>
        s_sizes.Select(size => (size, $"{size} parameters"));
}
