namespace TokenFactory.Hardware.Doctor;

/// <summary>How much an issue matters.</summary>
public enum IssueSeverity
{
    /// <summary>Worth knowing; nothing is slower or wrong now.</summary>
    Information,

    /// <summary>Serving is slower, or more costly, than this hardware allows.</summary>
    Warning,

    /// <summary>A device can't be used, or its results can't be trusted.</summary>
    Error,
}

/// <summary>Something about this machine that stands in the way of serving, and what to do about it.</summary>
public sealed record HardwareIssue
{
    /// <summary>Stable id in PascalCase, for example <c>LinkBelowWidth</c>.</summary>
    public required string Id { get; init; }

    /// <summary>How much it matters.</summary>
    public required IssueSeverity Severity { get; init; }

    /// <summary>The device's name.</summary>
    public required string Device { get; init; }

    /// <summary>The device's id (<see cref="HardwareDevice.Id"/>).</summary>
    public required string DeviceId { get; init; }

    /// <summary>What was seen.</summary>
    public required string Message { get; init; }

    /// <summary>What to do next.</summary>
    public required string Remedy { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Id}: {Message}";
}
