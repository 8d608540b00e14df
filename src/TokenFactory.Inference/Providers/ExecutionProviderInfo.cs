using TokenFactory.Core;

namespace TokenFactory.Inference.Providers;

/// <summary>What this machine can do with one execution provider, and what is missing.</summary>
public sealed record ExecutionProviderInfo
{
    /// <summary>The provider.</summary>
    public required ExecutionProvider Provider { get; init; }

    /// <summary>True when a session of a small graph opened and ran on it.</summary>
    public bool Usable { get; init; }

    /// <summary>Why it can't be used, or why Auto leaves it although it can; null when there is nothing against it.</summary>
    public string? Reason { get; init; }

    /// <summary>What to do next to use it; null when there is nothing to do or nothing that helps.</summary>
    public string? NextStep { get; init; }

    /// <summary>Native libraries that it needs and this machine does not find.</summary>
    public IReadOnlyList<string> Missing { get; init => field = value.ToIndexable(); } = [];

    /// <summary>True when <c>Install-TokenFactoryProvider</c> has put it into the per-user folder.</summary>
    public bool Installed { get; init; }

    /// <summary>Version of the native package that was installed; null when none was.</summary>
    public string? Version { get; init; }

    /// <summary>Folder of the native libraries; null when it comes with the module or is absent.</summary>
    public string? Path { get; init; }
}
