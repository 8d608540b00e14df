namespace TokenFactory.Hardware.Roofline;

/// <summary>Matrix products of one precision on one provider, as serving runs them.</summary>
public sealed record ComputeResult
{
    /// <summary>Weight precision in lower case: fp32, fp16, int8, int4.</summary>
    public required string Precision { get; init; }

    /// <summary>Operations (2 a multiply-add) a second with many rows, as in prefill; null with a reason.</summary>
    public double? OperationsPerSecond { get; init; }

    /// <summary>Weight bytes a second with one row, as in decode of one stream, weights larger than the caches; null with a reason.</summary>
    public double? DecodeBytesPerSecond { get; init; }

    /// <summary>Bytes of one weight with its share of scales.</summary>
    public double BytesPerWeight { get; init; }

    /// <summary>Operations for each byte read at which compute, not bandwidth, becomes the limit: operations/s divided by bytes/s.</summary>
    public double? RidgeOperationsPerByte { get; init; }

    /// <summary>Sequences in one decode step from which the linear layers are limited by compute: ridge × bytes per weight / 2.</summary>
    public double? RidgeBatch { get; init; }

    /// <summary>Why there is no figure; null when there is.</summary>
    public string? Reason { get; init; }
}
